import { readFinished } from "@labelfleet/producer/finalize/finalize-run";
import { bottleneckOf } from "@labelfleet/producer/report/bottleneck";
import { readStats } from "@labelfleet/producer/report/read-stats";
import { stageTimes, workerLines } from "@labelfleet/producer/report/worker-times";
import { skippedWords } from "@labelfleet/shared/contract/skipped-words";
import type { WorkerStats } from "@labelfleet/shared/contract/stats";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { Overview } from "../api/overview.js";
import type { RunDetail } from "../api/run-detail.js";
import type { OpenRun } from "./open-runs.js";
import { throughputOf } from "./throughput.js";

/** Everything about one run but its labels. `line` is taken from the overview, so that both pages agree. */
export async function readDetail(
  run: OpenRun,
  redis: Redis,
  overview: Overview,
  nowMs: number,
): Promise<RunDetail | null> {
  const line = overview.runs.find(({ runId }) => runId === run.spec.runId);
  if (line === undefined) return null;
  const progress = new RunProgress(redis, line.lane, run.spec.runId);
  const [spec, report, { workers }, totals] = await Promise.all([
    // What `resume` and `retry` override may have changed since the run was opened.
    run.folder.readSpec(),
    readFinished(run.folder),
    readStats(run.folder),
    progress.totals(line.modelIds),
  ]);
  const stages = stageTimes(workers);
  return {
    atMs: nowMs,
    line,
    spec,
    report,
    // While a producer is there, it is about to replace the report.
    loss: report !== null && line.state === "done" ? await run.loss.of(report, nowMs) : null,
    skipped: report === null ? [] : skippedWords(report.skipped),
    throughput: throughputOf(workers.map(({ completions }) => completions)),
    stages,
    verdict: bottleneckOf(stages),
    batchSizes: batchSizesOf(workers),
    models: report?.models ?? [...totals].map(([id, { ok, failed }]) => ({ id, ok, failed })),
    workers: workerLines(workers),
    laneWorkers: overview.workers.filter(({ lanes }) => lanes.includes(line.lane)).length,
  };
}

function batchSizesOf(workers: WorkerStats[]): RunDetail["batchSizes"] {
  const sizes = new Map<number, number>();
  for (const { inferenceBatchSizes } of workers) {
    for (const [images, batches] of Object.entries(inferenceBatchSizes)) {
      sizes.set(Number(images), (sizes.get(Number(images)) ?? 0) + batches);
    }
  }
  return [...sizes].sort(([a], [b]) => a - b).map(([images, batches]) => ({ images, batches }));
}
