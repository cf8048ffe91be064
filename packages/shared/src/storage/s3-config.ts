import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { z } from "zod";
import { LabelfleetError } from "../errors.js";
import { type S3Config, type S3Credentials, type S3Settings, s3ConfigOf } from "./s3-settings.js";

const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const checksums = z
  .string()
  .toUpperCase()
  .pipe(z.enum(["WHEN_REQUIRED", "WHEN_SUPPORTED"]))
  .default("WHEN_REQUIRED");

/** The environment variables that shape the S3 client. The AWS_ ones mean what they mean to every AWS tool. */
export const s3EnvironmentSchema = z.object({
  AWS_ENDPOINT_URL_S3: z.url({ protocol: /^https?$/ }).optional(),
  AWS_ENDPOINT_URL: z.url({ protocol: /^https?$/ }).optional(),
  AWS_REGION: z.string().min(1).optional(),
  AWS_DEFAULT_REGION: z.string().min(1).optional(),
  AWS_REQUEST_CHECKSUM_CALCULATION: checksums,
  AWS_RESPONSE_CHECKSUM_VALIDATION: checksums,
  AWS_CA_BUNDLE: z.string().optional(),
  AWS_PROFILE: z.string().optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
  LABELFLEET_S3_PATH_STYLE: flag.optional(),
  LABELFLEET_S3_DIRECT_READS: z.enum(["true", "false"]).default("true"),
  LABELFLEET_S3_MAX_SOCKETS: z.coerce.number().int().min(1).max(10_000).default(64),
  LABELFLEET_S3_MAX_ATTEMPTS: z.coerce.number().int().min(1).max(20).default(6),
  LABELFLEET_S3_TIMEOUT_MS: z.coerce.number().int().min(100).max(3_600_000).default(30_000),
});

/** The S3 client's settings out of an environment. Throws USAGE naming the variable that is wrong. */
export function s3SettingsFromEnv(env: Record<string, string | undefined>): S3Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = s3EnvironmentSchema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new LabelfleetError("USAGE", `the environment variable ${issue?.path.join(".")} is wrong: ${issue?.message}`);
  }
  const vars = parsed.data;
  const caCertificates = vars.AWS_CA_BUNDLE && caCertificatesIn(vars.AWS_CA_BUNDLE, env.NODE_EXTRA_CA_CERTS);
  const endpoint = vars.AWS_ENDPOINT_URL_S3 ?? vars.AWS_ENDPOINT_URL;
  // S3-compatible servers seldom have regions, but the signature needs one.
  const region = vars.AWS_REGION ?? vars.AWS_DEFAULT_REGION ?? (endpoint ? "us-east-1" : undefined);
  return {
    ...(endpoint && { endpoint }),
    ...(region && { region }),
    credentials: credentialsOf(vars),
    ...(caCertificates && { caCertificates }),
    pathStyle: vars.LABELFLEET_S3_PATH_STYLE ?? endpoint !== undefined,
    requestChecksums: vars.AWS_REQUEST_CHECKSUM_CALCULATION,
    responseChecksums: vars.AWS_RESPONSE_CHECKSUM_VALIDATION,
    directReads: vars.LABELFLEET_S3_DIRECT_READS === "true",
    maxSockets: vars.LABELFLEET_S3_MAX_SOCKETS,
    maxAttempts: vars.LABELFLEET_S3_MAX_ATTEMPTS,
    timeoutMs: vars.LABELFLEET_S3_TIMEOUT_MS,
  };
}

/** The same as a client takes them. Throws USAGE. */
export function s3ConfigFromEnv(env: Record<string, string | undefined>): S3Config {
  return s3ConfigOf(s3SettingsFromEnv(env));
}

/** As in the default chain: a named profile wins over the keys, which win over everything else. */
function credentialsOf(vars: z.infer<typeof s3EnvironmentSchema>): S3Credentials | null {
  if (vars.AWS_PROFILE || !vars.AWS_ACCESS_KEY_ID || !vars.AWS_SECRET_ACCESS_KEY) return null;
  return {
    accessKeyId: vars.AWS_ACCESS_KEY_ID,
    secretAccessKey: vars.AWS_SECRET_ACCESS_KEY,
    ...(vars.AWS_SESSION_TOKEN && { sessionToken: vars.AWS_SESSION_TOKEN }),
  };
}

/**
 * The certificates that a bundle has in place of Node's own, as for every AWS tool; those that Node is told of beside its own stay.
 *
 * @throws USAGE when the bundle cannot be read or has no certificate
 */
function caCertificatesIn(bundle: string, extra: string | undefined): string {
  const wrong = (why: string) => new LabelfleetError("USAGE", `AWS_CA_BUNDLE names ${bundle}, which ${why}`);
  let certificates: string;
  try {
    certificates = readFileSync(bundle, "utf8");
  } catch (error) {
    throw wrong(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (!certificates.includes("-----BEGIN ")) throw wrong("has no certificate in PEM");
  try {
    createSecureContext({ ca: certificates });
  } catch (error) {
    throw wrong(`has no good certificates (${(error as Error).message})`);
  }
  return `${certificates}\n${extra ? readIfThere(extra) : ""}`;
}

/** Node has warned of a file of NODE_EXTRA_CA_CERTS that it cannot read. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
