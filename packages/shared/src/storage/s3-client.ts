import type { S3Client as S3ClientType } from "@aws-sdk/client-s3";
import { NodeHttpHandler, S3Client } from "./aws-sdk.js";
import type { S3Config } from "./s3-settings.js";

/** An SDK client that never retries by itself: the store does, because a body that breaks off must be retried too. */
export function createS3Client(config: S3Config): S3ClientType {
  // The SDK prints eight lines about Node's version on every start; the version it needs is our package.json's business.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const agentOptions = { keepAlive: true, maxSockets: config.maxSockets, maxFreeSockets: config.maxSockets };
  return new S3Client({
    maxAttempts: 1,
    // Saves large writes a round trip, and the connection that the handler would open for each of them.
    expectContinueHeader: false,
    forcePathStyle: config.pathStyle,
    requestChecksumCalculation: config.requestChecksums,
    responseChecksumValidation: config.responseChecksums,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: Math.min(config.timeoutMs, 10_000),
      // Each attempt has our own deadline; the handler's would only warn.
      requestTimeout: 0,
      // Callers bound how many requests wait for a socket, so the handler need not warn about the queue.
      socketAcquisitionWarningTimeout: 2 ** 31 - 1,
      // Options, not agents: the handler destroys only agents that it made itself.
      httpAgent: agentOptions,
      httpsAgent: { ...agentOptions, ...(config.caCertificates && { ca: config.caCertificates }) },
    }),
    ...(config.endpoint && { endpoint: config.endpoint }),
    ...(config.region && { region: config.region }),
    ...(config.credentials && { credentials: config.credentials }),
  });
}
