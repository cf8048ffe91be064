import type { RunReport } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { WorkerStats } from "@labelfleet/shared/contract/stats";
import { bottleneckOf } from "./bottleneck.js";
import type { RunFold } from "./fold-run.js";
import { totalMs, unionOf } from "./intervals.js";
import type { RunStats } from "./read-stats.js";
import { steadyRate } from "./steady-rate.js";
import { queueWaitOf, stageTimes, workerLines } from "./worker-times.js";

/**
 * report.json out of what the folder holds: counts from the shards, times from stats/. Wall time is when a producer was
 * there; gaps between producers are left out. `finished` is the last moment of the last producer.
 */
export function buildReport(options: { run: string; spec: RunSpec; fold: RunFold; stats: RunStats }): RunReport {
  const { run, spec, fold, stats } = options;
  const { workers, producers } = stats;
  const active = unionOf(producers.map(({ startedMs, updatedMs }) => ({ startMs: startedMs, endMs: updatedMs })));
  const wallSeconds = totalMs(active) / 1000;
  const stages = stageTimes(workers);
  const inferences = stages.find(({ stage }) => stage === "infer")?.count ?? 0;
  const inferenceBatches = sum(workers, (worker) => worker.inferenceBatches);
  const firstPredictions = workers.flatMap(({ firstPredictionMs }) => firstPredictionMs ?? []);
  const startMs = active[0]?.startMs;
  // A batch that was done twice is counted twice in the statistics.
  const carriedOver = Math.min(
    fold.images,
    sum(workers, (worker) => worker.carriedOver),
  );
  const labelled = Math.max(0, fold.ok + fold.failed - carriedOver);
  return {
    schemaVersion: 1,
    run,
    runId: spec.runId,
    complete: fold.isComplete,
    images: fold.images,
    ok: fold.ok,
    failed: fold.failed,
    failedByCode: fold.failedByCode,
    skipped: fold.skipped,
    models: fold.models,
    wallSeconds,
    imagesPerSecond: wallSeconds > 0 ? labelled / wallSeconds : 0,
    steadyImagesPerSecond: steadyRate(
      workers.map((worker) => worker.completions),
      active,
    ),
    timeToFirstPredictionSeconds:
      startMs === undefined || firstPredictions.length === 0
        ? null
        : Math.max(0, Math.min(...firstPredictions) - startMs) / 1000,
    carriedOver,
    bytesRead: sum(workers, (worker) => worker.bytesRead),
    meanInferenceBatch: inferenceBatches > 0 ? inferences / inferenceBatches : null,
    queueWaitSeconds: queueWaitOf(workers),
    stages,
    bottleneck: bottleneckOf(stages),
    workers: workerLines(workers),
    created: spec.frozen.created,
    finished: new Date(active.at(-1)?.endMs ?? Date.parse(spec.frozen.created)).toISOString(),
  };
}

function sum(workers: WorkerStats[], pick: (worker: WorkerStats) => number): number {
  return workers.reduce((total, worker) => total + pick(worker), 0);
}
