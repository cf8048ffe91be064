import { median } from "../median.js";
import type { StageName } from "./stages/stage.js";

/** One stage run alone, at one concurrency. */
export interface StageMeasure {
  stage: StageName;
  concurrency: number;
  imagesPerSecond: number;
  /** CPU time of the stage's own process. */
  cpuMsPerImage: number;
  /** CPU time that the S3 server on the same machine took for it. */
  serverCpuMsPerImage: number;
}

export interface Roofline {
  /** Of each stage the concurrency with most images a second. */
  best: StageMeasure[];
  /** CPU time of all stages together, each at its best, and of the S3 server that shares the cores. */
  cpuMsPerImage: number;
  imagesPerSecond: number;
}

/**
 * Images a second of a stage alone, without the time that other programs had of the cores (as in the pipeline's runs); but never more
 * than its threads can do on cores of their own.
 */
export function undisturbedRate(measured: {
  images: number;
  concurrency: number;
  cores: number;
  wallMs: number;
  cpuMs: number;
  othersMs: number;
}): number {
  const { images, concurrency, cores, wallMs, cpuMs, othersMs } = measured;
  const withoutOthersMs = wallMs - Math.max(0, othersMs) / cores;
  const leastMs = cpuMs / Math.min(concurrency, cores);
  return (1_000 * images) / Math.max(withoutOthersMs, Math.min(leastMs, wallMs));
}

/**
 * What a pipeline could do that adds nothing to its stages and leaves no core idle: cores / the sum of CPU seconds that an image
 * costs in each stage run alone.
 */
export function rooflineOf(measures: readonly StageMeasure[], cores: number): Roofline {
  const stages = [...new Set(measures.map(({ stage }) => stage))];
  const of = (stage: string) => measures.filter((measure) => measure.stage === stage);
  const best = stages.map((stage) => of(stage).reduce((a, b) => (b.imagesPerSecond > a.imagesPerSecond ? b : a)));
  const cpuMsPerImage = best.reduce((sum, stage) => sum + stage.cpuMsPerImage + stage.serverCpuMsPerImage, 0);
  return { best, cpuMsPerImage, imagesPerSecond: (1_000 * cores) / cpuMsPerImage };
}

/** Of the same stages measured several times, each stage's median. */
export function medianRoofline(rounds: readonly Roofline[], cores: number): Roofline {
  const medians = rounds[0]!.best.map((first, i) => {
    const of = (figure: (measure: StageMeasure) => number) => median(rounds.map(({ best }) => figure(best[i]!)));
    return {
      ...first,
      imagesPerSecond: of((measure) => measure.imagesPerSecond),
      cpuMsPerImage: of((measure) => measure.cpuMsPerImage),
      serverCpuMsPerImage: of((measure) => measure.serverCpuMsPerImage),
    };
  });
  return rooflineOf(medians, cores);
}

/** The roofline of a machine whose speed drifts, for the time between two measurements of it. */
export function rateBetween(before: Roofline, after: Roofline, cores: number): number {
  return (2_000 * cores) / (before.cpuMsPerImage + after.cpuMsPerImage);
}
