import { type WorkerStage, workerStages } from "@labelfleet/shared/contract/stats";

/** What a worker did, cumulative: for one run, or for all of them. */
export interface WorkTotals {
  /** Images that were labelled, for all models of their run. */
  images: number;
  stages: Record<WorkerStage, { count: number; busyMs: number }>;
  /** How many inference calls had so many images; shared calls count as parts of one. */
  batchSizes: Map<number, number>;
  /** Records that were written, by model. */
  records: Map<string, { ok: number; failed: number }>;
  /** Failed ones of those by error code. */
  failures: Map<string, number>;
  bytesRead: number;
  carriedOver: number;
  shardConflicts: number;
  queueWait: { jobs: number; seconds: number };
}

export function noWork(): WorkTotals {
  return {
    images: 0,
    stages: {
      fetch: { count: 0, busyMs: 0 },
      decode: { count: 0, busyMs: 0 },
      infer: { count: 0, busyMs: 0 },
      write: { count: 0, busyMs: 0 },
    },
    batchSizes: new Map(),
    records: new Map(),
    failures: new Map(),
    bytesRead: 0,
    carriedOver: 0,
    shardConflicts: 0,
    queueWait: { jobs: 0, seconds: 0 },
  };
}

export function sumOf(parts: Iterable<WorkTotals>): WorkTotals {
  const sum = noWork();
  for (const part of parts) {
    sum.images += part.images;
    for (const stage of workerStages) {
      sum.stages[stage].count += part.stages[stage].count;
      sum.stages[stage].busyMs += part.stages[stage].busyMs;
    }
    for (const [size, batches] of part.batchSizes) sum.batchSizes.set(size, (sum.batchSizes.get(size) ?? 0) + batches);
    for (const [modelId, { ok, failed }] of part.records) {
      const records = sum.records.get(modelId) ?? { ok: 0, failed: 0 };
      sum.records.set(modelId, { ok: records.ok + ok, failed: records.failed + failed });
    }
    for (const [code, images] of part.failures) sum.failures.set(code, (sum.failures.get(code) ?? 0) + images);
    sum.bytesRead += part.bytesRead;
    sum.carriedOver += part.carriedOver;
    sum.shardConflicts += part.shardConflicts;
    sum.queueWait.jobs += part.queueWait.jobs;
    sum.queueWait.seconds += part.queueWait.seconds;
  }
  return sum;
}
