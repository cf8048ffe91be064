import { runReportSchema } from "@labelfleet/shared/contract/run-report";
import type { ProducerStats, WorkerStats } from "@labelfleet/shared/contract/stats";
import { describe, expect, it } from "vitest";
import { madeUpRun, specOf } from "../test-support/made-up-run.js";
import { bottleneckOf } from "./bottleneck.js";
import { buildReport } from "./build-report.js";
import { foldRun } from "./fold-run.js";

const spec = specOf();
const start = Date.parse(spec.frozen.created);

function producerOf(startedMs: number, updatedMs: number): ProducerStats {
  return { schemaVersion: 1, role: "producer", producerId: "p", runId: spec.runId, startedMs, updatedMs };
}

function workerOf(workerId: string, startedMs: number): WorkerStats {
  return {
    schemaVersion: 1,
    role: "worker",
    workerId,
    runId: spec.runId,
    host: "h",
    device: "cpu",
    versions: {},
    startedMs,
    updatedMs: startedMs + 60_000,
    firstPredictionMs: startedMs + 500,
    images: 200,
    carriedOver: 0,
    bytesRead: 1000,
    stages: {
      fetch: { count: 200, busySeconds: 4, slots: 4 },
      decode: { count: 200, busySeconds: 8, slots: 1 },
      infer: { count: 200, busySeconds: 36, slots: 2 },
      write: { count: 2, busySeconds: 2, slots: 1 },
    },
    inferenceBatches: 50,
    inferenceBatchSizes: { 2: 50 },
    queueWait: { jobs: 2, seconds: 3, maxSeconds: 2 },
    shardConflicts: 0,
    completions: { startMs: startedMs, binMs: 1000, counts: [...Array(20).fill(10), 0, 0] },
    eventLoopDelayMs: { p50: 1, p99: 12 },
    peakRssBytes: 1e8,
  };
}

describe("buildReport", () => {
  it("puts counts of the folder and times of the statistics together", async () => {
    const { folder } = await madeUpRun([..."abcdefg"], spec, (key) => (key === "a" ? "IMAGE_EMPTY" : null));
    const report = buildReport({
      run: folder.uri,
      spec,
      fold: await foldRun(folder, spec),
      stats: {
        workers: [workerOf("w1", start + 1000), workerOf("w2", start + 2000)],
        producers: [producerOf(start + 100_000, start + 104_000), producerOf(start, start + 10_000)],
      },
    });
    expect(runReportSchema.parse(report)).toEqual(report);
    expect(report).toMatchObject({
      complete: true,
      images: 7,
      ok: 6,
      failed: 1,
      wallSeconds: 14,
      imagesPerSecond: 0.5,
      timeToFirstPredictionSeconds: 1.5,
      bytesRead: 2000,
      meanInferenceBatch: 4,
      queueWaitSeconds: { mean: 1.5, max: 2 },
      finished: new Date(start + 104_000).toISOString(),
    });
    // 20 s of work a worker: idling after its last completion is not counted.
    expect(report.stages.find(({ stage }) => stage === "infer")).toEqual({
      stage: "infer",
      count: 400,
      busySeconds: 72,
      utilisation: 0.9,
      share: 0.72,
    });
    expect(report.workers[0]).toMatchObject({ workerId: "w1", images: 200, imagesPerSecond: 10 });
  });

  it("can do without any statistics", async () => {
    const { folder } = await madeUpRun(["a"], spec);
    const fold = await foldRun(folder, spec);
    const report = buildReport({ run: folder.uri, spec, fold, stats: { workers: [], producers: [] } });
    expect(runReportSchema.parse(report)).toMatchObject({ wallSeconds: 0, imagesPerSecond: 0, queueWaitSeconds: null });
    expect(report.bottleneck).toBe("No worker processed this run");
  });
});

describe("bottleneckOf", () => {
  const stage = (name: "fetch" | "decode" | "infer" | "write", utilisation: number) => ({ stage: name, utilisation });

  it("names the busiest stage that is saturated, and the remedy", () => {
    expect(bottleneckOf([stage("decode", 0.6), stage("infer", 0.97)])).toBe(
      "inference-bound: the infer threads were busy 97 % of the time; add workers or a GPU",
    );
    expect(bottleneckOf([stage("decode", 0.95), stage("infer", 0.8)])).toMatch(/^decode-bound/);
    expect(bottleneckOf([stage("fetch", 0.99), stage("infer", 0.2)])).toMatch(/^storage-bound/);
    expect(bottleneckOf([stage("write", 0.8), stage("infer", 0.2)])).toMatch(/^output-bound/);
  });

  it("says so when nothing was saturated", () => {
    expect(bottleneckOf([stage("decode", 0.2), stage("infer", 0.4)])).toMatch(
      /^No clear bottleneck \(busiest: inference, 40 %\)$/,
    );
  });
});
