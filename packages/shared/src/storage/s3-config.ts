import { z } from "zod";
import { LabelfleetError } from "../errors.js";

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface S3Config {
  /** Base address of an S3-compatible server; absent means AWS. */
  endpoint?: string;
  /** Absent: the SDK looks in the shared AWS config files. */
  region?: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. */
  pathStyle: boolean;
  requestChecksums: "WHEN_REQUIRED" | "WHEN_SUPPORTED";
  responseChecksums: "WHEN_REQUIRED" | "WHEN_SUPPORTED";
  /** Whether GETs may leave the SDK's middleware out (s3-direct-reader.ts). */
  directReads: boolean;
  /** Most connections open at once; further requests wait for one. */
  maxSockets: number;
  /** Attempts of one call, the first included. */
  maxAttempts: number;
  /** Deadline of one attempt, extended for large bodies (see attemptDeadlineMs). */
  timeoutMs: number;
  /** Absent: the SDK's default credential chain. A function, so that a logged config shows no secret. */
  credentials?: () => Promise<S3Credentials>;
}

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
export function s3ConfigFromEnv(env: Record<string, string | undefined>): S3Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = s3EnvironmentSchema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new LabelfleetError("USAGE", `the environment variable ${issue?.path.join(".")} is wrong: ${issue?.message}`);
  }
  const vars = parsed.data;
  const endpoint = vars.AWS_ENDPOINT_URL_S3 ?? vars.AWS_ENDPOINT_URL;
  // S3-compatible servers seldom have regions, but the signature needs one.
  const region = vars.AWS_REGION ?? vars.AWS_DEFAULT_REGION ?? (endpoint ? "us-east-1" : undefined);
  const credentials = credentialsOf(vars);
  return {
    ...(endpoint && { endpoint }),
    ...(region && { region }),
    ...(credentials && { credentials: async () => credentials }),
    pathStyle: vars.LABELFLEET_S3_PATH_STYLE ?? endpoint !== undefined,
    requestChecksums: vars.AWS_REQUEST_CHECKSUM_CALCULATION,
    responseChecksums: vars.AWS_RESPONSE_CHECKSUM_VALIDATION,
    directReads: vars.LABELFLEET_S3_DIRECT_READS === "true",
    maxSockets: vars.LABELFLEET_S3_MAX_SOCKETS,
    maxAttempts: vars.LABELFLEET_S3_MAX_ATTEMPTS,
    timeoutMs: vars.LABELFLEET_S3_TIMEOUT_MS,
  };
}

/** As in the default chain: a named profile wins over the keys, which win over everything else. */
function credentialsOf(vars: z.infer<typeof s3EnvironmentSchema>): S3Credentials | undefined {
  if (vars.AWS_PROFILE || !vars.AWS_ACCESS_KEY_ID || !vars.AWS_SECRET_ACCESS_KEY) return undefined;
  return {
    accessKeyId: vars.AWS_ACCESS_KEY_ID,
    secretAccessKey: vars.AWS_SECRET_ACCESS_KEY,
    ...(vars.AWS_SESSION_TOKEN && { sessionToken: vars.AWS_SESSION_TOKEN }),
  };
}
