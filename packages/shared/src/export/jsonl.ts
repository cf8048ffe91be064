import type { Prediction } from "../contract/prediction.js";

/** A record as one line of JSON, as in a shard: its fields in the contract's order, whatever order the object was made in. */
export function jsonLine(record: Prediction): string {
  return `${JSON.stringify({
    key: record.key,
    etag: record.etag,
    sizeBytes: record.sizeBytes,
    width: record.width,
    height: record.height,
    modelId: record.modelId,
    status: record.status,
    top: record.top,
    embedding: record.embedding,
    errorCode: record.errorCode,
    errorMessage: record.errorMessage,
    retryable: record.retryable,
    workerId: record.workerId,
    pass: record.pass,
  } satisfies Prediction)}\n`;
}
