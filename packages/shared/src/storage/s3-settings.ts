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
  /** The only CAs that are trusted, in PEM; absent: Node's own and those of NODE_EXTRA_CA_CERTS. */
  caCertificates?: string;
  /** Most connections open at once; further requests wait for one. */
  maxSockets: number;
  /** Attempts of one call, the first included. */
  maxAttempts: number;
  /** Deadline of one attempt, extended for large bodies (see attemptDeadlineMs). */
  timeoutMs: number;
  /** Absent: the SDK's default credential chain. A function, so that a logged config shows no secret. */
  credentials?: () => Promise<S3Credentials>;
}

/** The same as plain values, which another thread can be sent. They hold secrets: nothing logs them. */
export interface S3Settings extends Omit<S3Config, "credentials"> {
  credentials: S3Credentials | null;
}

export function s3ConfigOf({ credentials, ...settings }: S3Settings): S3Config {
  return { ...settings, ...(credentials && { credentials: async () => credentials }) };
}
