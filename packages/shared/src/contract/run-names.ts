import { chunkIdOf } from "./ids.js";
import type { OutputFormat } from "./run-spec.js";

/** Every name in a run's folder, relative to it. These names are relied on from outside. */
export const runNames = {
  spec: "run.json",
  ranges: "manifest/ranges.json",
  manifest: "manifest/",
  chunk: (chunkId: string) => `manifest/${chunkId}.jsonl.gz`,
  chunkBySeq: (rangeId: string, seq: number) => `manifest/${chunkIdOf(rangeId, seq)}.jsonl.gz`,
  rangeDone: (rangeId: string) => `manifest/${rangeId}.done`,
  rangeSkipped: (rangeId: string) => `manifest/${rangeId}.skipped.json`,
  predictions: "predictions/",
  modelPredictions: (modelId: string) => `predictions/model=${modelId}/`,
  /** What the names of a range's shards begin with. */
  shardsOfRange: (modelId: string, rangeId: string) => `predictions/model=${modelId}/${rangeId}-`,
  shard: (modelId: string, batchId: string, format: OutputFormat) =>
    `predictions/model=${modelId}/${batchId}.${format}`,
  stats: "stats/",
  statsOf: (processId: string) => `stats/${processId}.json`,
  report: "report.json",
  success: "_SUCCESS",
  cancelled: "_CANCELLED",
} as const;

/** The chunk id in a name like `manifest/r000-000012.jsonl.gz`, or null for any other name. */
export function chunkIdInName(name: string): string | null {
  return /^manifest\/(r\d{3}-\d{6})\.jsonl\.gz$/.exec(name)?.[1] ?? null;
}

/** The batch id in a shard's name, or null where the name is not a shard's. */
export function batchIdInName(name: string): string | null {
  return /\/(r\d{3}-\d{6}-\d{4})\.(?:jsonl|parquet)$/.exec(name)?.[1] ?? null;
}
