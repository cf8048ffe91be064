import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { expect, test } from "vitest";
import { type BoundRun, batchImagesOf, type Measured, resultOf } from "./result.js";
import { rooflineOf, type StageMeasure } from "./roofline.js";
import { tableOf } from "./table.js";

const stages: RunReport["stages"] = [
  { stage: "infer", count: 1_000, busySeconds: 18, utilisation: 0.9, share: 0.9 },
  { stage: "write", count: 4, busySeconds: 0.1, utilisation: 0, share: 0.1 },
];

function run(steadyImagesPerSecond: number, othersShare: number, rooflineImagesPerSecond = 125): BoundRun {
  return {
    report: { images: 999, stages } as RunReport,
    commandSeconds: 12,
    firstPredictionSeconds: 2,
    steadyImagesPerSecond,
    othersShare,
    cpuMsPerImage: { worker: 17, producer: 0.1, redis: 0.05 },
    serverCpuMsPerImage: 0.2,
    mainLoopDelayMs: { p50: 0.2, p99: 5 },
    peakBytes: { worker: 4e8, redis: 1e7 },
    rooflineImagesPerSecond,
  };
}

const alone: StageMeasure[] = [
  { stage: "infer", concurrency: 2, imagesPerSecond: 160, cpuMsPerImage: 16, serverCpuMsPerImage: 0 },
];
const measured: Measured = {
  machine: { cpu: "a CPU", cores: 2 },
  model: "lite0",
  size: "500x375",
  workers: 1,
  meanPhotoBytes: 46_000,
  stages: alone,
  roofline: rooflineOf(alone, 2),
  runs: [run(100, 0), run(60, 0.5), run(90, 0)],
  differingLabels: 0,
};

test("figures are medians of the runs, and ratios are against the roofline", () => {
  const result = resultOf(measured);
  expect(result).toMatchObject({ steadyImagesPerSecond: 90, ratio: 0.72, images: 999, runs: 3 });
  expect(result.steadyOfRuns).toEqual([100, 60, 90]);
});

test("each run is held against the roofline of its own time", () => {
  const runs = [run(100, 0), run(60, 0, 75), run(96, 0, 120)];
  expect(resultOf({ ...measured, runs })).toMatchObject({ ratio: 0.8, ratioOfRuns: [0.8, 0.8, 0.8] });
});

test("cores that other programs had are given back to the run that lacked them", () => {
  expect(resultOf(measured)).toMatchObject({ undisturbedImagesPerSecond: 100, undisturbedRatio: 0.8, othersShare: 0 });
});

test("a batch is as large as the shards that were written say", () => {
  expect(batchImagesOf(run(100, 0))).toBe(250);
});

test("the table says which concurrency was best, and what the pipeline reaches", () => {
  const table = tableOf(resultOf(measured));
  expect(table).toMatch(/^infer +2 +160\.0 +16\.000 .*best$/m);
  expect(table).toMatch(/^pipeline \/ roofline +0\.720 \(runs: 0\.8, 0\.48, 0\.72\)$/m);
  expect(table).toMatch(/^labels unlike plain inference +0 of 999$/m);
});
