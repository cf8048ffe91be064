import { createRequire } from "node:module";
import type * as ClientS3 from "@aws-sdk/client-s3";
import type * as NodeHttp from "@smithy/node-http-handler";

const require = createRequire(import.meta.url);

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
