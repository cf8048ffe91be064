import type { ShardRow } from "@labelfleet/shared/run/shard-rows";
import { Dictionary } from "./dictionary.js";

/** A shard as it is indexed: one entry a record in each column, names as numbers of its own lists (from 1; 0 is none). */
export interface ShardColumns {
  /** Where each record begins in the shard; 0 in Parquet. */
  offset: Uint32Array<ArrayBuffer>;
  label: Uint16Array<ArrayBuffer>;
  probability: Float64Array<ArrayBuffer>;
  /** Error code of a failed record. */
  code: Uint16Array<ArrayBuffer>;
  labels: readonly string[];
  codes: readonly string[];
}

/** A shard of a run's folder: of which model and batch, and which version of it. */
export interface ShardId {
  modelId: string;
  batchId: string;
  etag: string;
  sizeBytes: number;
}

const failedWithoutCode = "UNKNOWN";

/** Gathers rows into columns. */
export async function columnsOf(pieces: AsyncIterable<ShardRow[]>): Promise<ShardColumns> {
  const rows: ShardRow[] = [];
  for await (const piece of pieces) rows.push(...piece);
  const [labels, codes] = [new Dictionary(), new Dictionary()];
  return {
    offset: Uint32Array.from(rows, ({ offset }) => offset),
    label: Uint16Array.from(rows, ({ label }) => (label === null ? 0 : labels.add(label))),
    probability: Float64Array.from(rows, ({ probability }) => probability),
    code: Uint16Array.from(rows, ({ status, errorCode }) =>
      status === "ok" ? 0 : codes.add(errorCode ?? failedWithoutCode),
    ),
    labels: labels.names,
    codes: codes.names,
  };
}
