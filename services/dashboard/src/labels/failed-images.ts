import type { LabelTable } from "./label-table.js";

/** Images that failed with one error code. */
export interface FailedImages {
  /** The code's number in the table. */
  code: number;
  count: number;
  /** Rows of the first few. */
  samples: number[];
}

/**
 * Failed images by error code, most frequent first. An image that fails with several models counts once, under the code of the
 * first of them, as in the report.
 *
 * @param modelIds the run's models, in the order of run.json
 */
export function failedImages(table: LabelTable, modelIds: readonly string[], samplesPerCode: number): FailedImages[] {
  const byCode = new Map<number, FailedImages>();
  for (const shard of table.shards) {
    const earlier = modelIds
      .slice(0, modelIds.indexOf(shard.modelId))
      .flatMap((modelId) => table.find(modelId, shard.batchId) ?? [])
      .filter(({ rows }) => rows === shard.rows);
    for (let i = 0; i < shard.rows; i++) {
      const code = table.code[shard.firstRow + i]!;
      if (code === 0 || earlier.some(({ firstRow }) => table.code[firstRow + i] !== 0)) continue;
      const failed = byCode.get(code) ?? { code, count: 0, samples: [] };
      byCode.set(code, failed);
      failed.count++;
      if (failed.samples.length < samplesPerCode) failed.samples.push(shard.firstRow + i);
    }
  }
  return [...byCode.values()].sort((a, b) => b.count - a.count);
}
