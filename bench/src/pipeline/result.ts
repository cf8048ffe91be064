import type { Roofline, StageMeasure } from "./roofline.js";
import type { MeasuredRun } from "./run-once.js";
import type { ProcessRole } from "./use-over-time.js";

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
  runs: MeasuredRun[];
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
  /** Steady images a second over the roofline's; null without a roofline. */
  ratio: number | null;
  strictRatio: number | null;
  cpuMsPerImage: Record<ProcessRole | "server", number>;
  commandSeconds: number;
  firstPredictionSeconds: number;
  mainLoopDelayMs: { p50: number; p99: number };
  peakBytes: { worker: number; redis: number };
  /** By the worker's own clocks, under contention; of the last run. */
  reportStages: { stage: string; msEach: number; utilisation: number }[];
}

export function resultOf({ runs, ...measured }: Measured): PipelineResult {
  const { roofline } = measured;
  const of = (figure: (run: MeasuredRun) => number) => rounded(median(runs.map(figure)));
  const steady = of((run) => run.steadyImagesPerSecond);
  const undisturbed = of((run) => run.steadyImagesPerSecond / (1 - run.othersShare));
  const last = runs.at(-1)!;
  return {
    ...measured,
    images: last.report.images,
    runs: runs.length,
    steadyImagesPerSecond: steady,
    steadyOfRuns: runs.map((run) => rounded(run.steadyImagesPerSecond)),
    othersShare: of((run) => run.othersShare),
    undisturbedImagesPerSecond: undisturbed,
    undisturbedRatio: roofline && rounded(undisturbed / roofline.imagesPerSecond, 1_000),
    ratio: roofline && rounded(steady / roofline.imagesPerSecond, 1_000),
    strictRatio: roofline && rounded(steady / roofline.strictImagesPerSecond, 1_000),
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

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function rounded(value: number, parts = 100): number {
  return Math.round(value * parts) / parts;
}
