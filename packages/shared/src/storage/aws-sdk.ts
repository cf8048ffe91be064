import { createRequire } from "node:module";
import { homedir } from "node:os";
import type * as ClientS3 from "@aws-sdk/client-s3";
import type * as NodeHttp from "@smithy/node-http-handler";

const require = createRequire(import.meta.url);

/** The SDK looks into the home folder for its files, and fails where the user has none; one that does not exist holds none. */
function ensureHome(): void {
  try {
    homedir();
  } catch {
    process.env.HOME = "/nonexistent";
  }
}
ensureHome();

/** What we use of the AWS SDK. An `import` would have Node read its files a second time, for the names that they export. */
export const {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} = require("@aws-sdk/client-s3") as typeof ClientS3;
export const { NodeHttpHandler } = require("@smithy/node-http-handler") as typeof NodeHttp;
