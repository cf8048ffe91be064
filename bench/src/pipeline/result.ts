import { median } from "../median.js";
import type { Roofline, StageMeasure } from "./roofline.js";
import type { MeasuredRun } from "./run-once.js";
import type { ProcessRole } from "./use-over-time.js";

/** A run, and what the roofline was while it went on: the machine's speed drifts. */
export interface BoundRun extends MeasuredRun {
  /** null without stages. */
  rooflineImagesPerSecond: number | null;
}

/** What is known before the runs are summed up. */
export interface Measured {
  machine: { cpu: string; cores: number };
  /** What was measured: the model's id. */
  model: string;
  size: string;
  workers: number;
  meanPhotoBytes: number;
  stages: StageMeasure[];
  roofline: Roofline | null;
  runs: BoundRun[];
  differingLabels: number | null;
}

/** Each figure is the median of the runs. */
export interface PipelineResult extends Omit<Measured, "runs"> {
  images: number;
  runs: number;
  steadyImagesPerSecond: number;
  /** Every run's, in order: how far apart they are. */
  steadyOfRuns: number[];
  /** The part of the cores that other programs had meanwhile. */
  othersShare: number;
  /** What the rate would be if the cores that others had had gone on in the same way. */
  undisturbedImagesPerSecond: number;
  undisturbedRatio: number | null;
  /** Steady images a second over the roofline's of the same time; null without a roofline. */
  ratio: number | null;
  ratioOfRuns: number[] | null;
  cpuMsPerImage: Record<ProcessRole | "server", number>;
  commandSeconds: number;
  firstPredictionSeconds: number;
  mainLoopDelayMs: { p50: number; p99: number };
  peakBytes: { worker: number; redis: number };
  /** By the worker's own clocks, under contention; of the last run. */
  reportStages: { stage: string; msEach: number; utilisation: number }[];
}

export function resultOf({ runs, ...measured }: Measured): PipelineResult {
  const of = (figure: (run: MeasuredRun) => number) => rounded(median(runs.map(figure)));
  const undisturbedOf = (run: MeasuredRun) => run.steadyImagesPerSecond / (1 - run.othersShare);
  const hasRoofline = measured.roofline !== null;
  const ratiosOf = (rate: (run: MeasuredRun) => number) =>
    runs.map((run) => rate(run) / (run.rooflineImagesPerSecond ?? Number.NaN));
  const ratios = ratiosOf((run) => run.steadyImagesPerSecond);
  const last = runs.at(-1)!;
  return {
    ...measured,
    images: last.report.images,
    runs: runs.length,
    steadyImagesPerSecond: of((run) => run.steadyImagesPerSecond),
    steadyOfRuns: runs.map((run) => rounded(run.steadyImagesPerSecond)),
    othersShare: of((run) => run.othersShare),
    undisturbedImagesPerSecond: of(undisturbedOf),
    undisturbedRatio: hasRoofline ? rounded(median(ratiosOf(undisturbedOf)), 1_000) : null,
    ratio: hasRoofline ? rounded(median(ratios), 1_000) : null,
    ratioOfRuns: hasRoofline ? ratios.map((ratio) => rounded(ratio, 1_000)) : null,
    cpuMsPerImage: {
      worker: of((run) => run.cpuMsPerImage.worker),
      producer: of((run) => run.cpuMsPerImage.producer),
      redis: of((run) => run.cpuMsPerImage.redis),
      server: of((run) => run.serverCpuMsPerImage),
    },
    commandSeconds: of((run) => run.commandSeconds),
    firstPredictionSeconds: of((run) => run.firstPredictionSeconds),
    mainLoopDelayMs: { p50: of((run) => run.mainLoopDelayMs.p50), p99: of((run) => run.mainLoopDelayMs.p99) },
    peakBytes: { worker: of((run) => run.peakBytes.worker), redis: of((run) => run.peakBytes.redis) },
    reportStages: last.report.stages.map(({ stage, count, busySeconds, utilisation }) => ({
      stage,
      msEach: rounded(count === 0 ? 0 : (1_000 * busySeconds) / count),
      utilisation,
    })),
  };
}

/** Images a batch, as the run froze them: as many as its shards hold on average, rounded up. */
export function batchImagesOf({ report }: MeasuredRun): number {
  const shards = report.stages.find(({ stage }) => stage === "write")?.count ?? 1;
  return Math.ceil(report.images / Math.max(1, shards));
}

function rounded(value: number, parts = 100): number {
  return Math.round(value * parts) / parts;
}
