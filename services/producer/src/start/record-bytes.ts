import { embeddingLength } from "@labelfleet/models/embedding-length";
import type { Model } from "@labelfleet/models/model-folder";
import type { OutputFormat } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { maxLineBytes, mebibytes } from "@labelfleet/shared/run/bounds";

/**
 * Records of one batch, of all models together, as they are written. A worker holds two batches or more, and the store client of S3 a
 * shard as a whole, so this is what a worker's memory allows.
 */
export const maxBatchRecordBytes = 1024 ** 3;

/** A record without its lists: key, etag and error message included. */
const plainBytes = 1_000;
/** `{"index":123,"label":"","probability":0.123456},` */
const entryBytes = 48;
/** `-0.123456,`, and a float32. */
const numberBytes: Record<OutputFormat, number> = { jsonl: 10, parquet: 4 };

/** What is asked of each record. */
export interface RecordWishes {
  models: Model[];
  topK: number;
  embeddings: boolean;
  format: OutputFormat;
}

/** The bytes that the records of one image take, about and at most; those of the widest model, and of all. */
export async function recordBytesOf({ models, topK, embeddings, format }: RecordWishes): Promise<{
  widest: number;
  all: number;
}> {
  const bytes: number[] = [];
  for (const model of models) {
    const numbers = embeddings ? await embeddingLength(model) : 0;
    bytes.push(plainBytes + topBytes(model, topK) + numbers * numberBytes[format]);
  }
  return { widest: Math.max(...bytes), all: bytes.reduce((sum, count) => sum + count, 0) };
}

/** With its longest labels: which ones come is not known. */
function topBytes({ labels }: Model, topK: number): number {
  const lengths = labels.map(({ label }) => Buffer.byteLength(JSON.stringify(label))).sort((a, b) => b - a);
  return lengths.slice(0, topK).reduce((sum, length) => sum + entryBytes + length, 0);
}

/**
 * The most images of a batch whose records fit a worker's memory.
 *
 * @param batchImages what `--batch-images` says; null when it is to be estimated
 * @throws USAGE when that are more, or not even one record fits
 */
export async function mostBatchImages(wishes: RecordWishes, batchImages: number | null): Promise<number> {
  const { widest, all } = await recordBytesOf(wishes);
  const lists = wishes.embeddings ? "no --embeddings, or fewer labels with --top-k" : "fewer labels with --top-k";
  if (widest > maxLineBytes) {
    const why = `one record would take ${mebibytes(widest)}, and the limit is ${mebibytes(maxLineBytes)}`;
    throw new LabelfleetError("USAGE", `${why}: ask for ${lists}`);
  }
  const most = Math.max(1, Math.floor(maxBatchRecordBytes / all));
  if (batchImages !== null && batchImages > most) {
    throw new LabelfleetError(
      "USAGE",
      `--batch-images ${batchImages}: the records of a batch would take ${mebibytes(batchImages * all)}, and the limit is ${mebibytes(maxBatchRecordBytes)}: give --batch-images ${most} or fewer`,
    );
  }
  return most;
}
