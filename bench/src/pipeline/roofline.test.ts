import { describe, expect, it } from "vitest";
import { medianRoofline, rateBetween, rooflineOf, type StageMeasure, undisturbedRate } from "./roofline.js";

function measure(
  stage: StageMeasure["stage"],
  concurrency: number,
  imagesPerSecond: number,
  cpuMs: number,
  server = 0,
): StageMeasure {
  return { stage, concurrency, imagesPerSecond, cpuMsPerImage: cpuMs, serverCpuMsPerImage: server };
}

describe("rooflineOf", () => {
  it("divides the cores by the CPU time of all stages, each at its fastest, and of the server", () => {
    const measures = [
      measure("fetch", 1, 500, 0.8, 0.3),
      measure("fetch", 8, 900, 1, 0.2),
      measure("infer", 2, 190, 8.8),
    ];
    const { best, cpuMsPerImage, imagesPerSecond } = rooflineOf(measures, 2);
    expect(best.map(({ stage, concurrency }) => [stage, concurrency])).toEqual([
      ["fetch", 8],
      ["infer", 2],
    ]);
    expect(cpuMsPerImage).toBeCloseTo(10);
    expect(imagesPerSecond).toBeCloseTo(200);
  });
});

describe("a machine whose speed drifts", () => {
  const rounds = [12, 20, 10].map((ms) => rooflineOf([measure("infer", 2, 2_000 / ms, ms, 0.1)], 2));

  it("has the medians of each stage's rounds as its roofline", () => {
    expect(medianRoofline(rounds, 2).best).toEqual([measure("infer", 2, 2_000 / 12, 12, 0.1)]);
    expect(medianRoofline(rounds, 2).cpuMsPerImage).toBeCloseTo(12.1);
  });

  it("has the mean cost of before and after between two of them", () => {
    expect(rateBetween(rounds[0]!, rounds[1]!, 2)).toBeCloseTo(2_000 / 16.1);
  });
});

describe("undisturbedRate", () => {
  const measured = { images: 100, concurrency: 2, cores: 2, wallMs: 2_000, cpuMs: 1_500, othersMs: 0 };

  it("is images over time where nobody else worked", () => {
    expect(undisturbedRate(measured)).toBeCloseTo(50);
  });

  it("takes the part of the cores that others had off the time", () => {
    expect(undisturbedRate({ ...measured, othersMs: 1_000 })).toBeCloseTo(100 / 1.5);
  });

  it("gives one thread no more than one core, however much others took of the second", () => {
    expect(undisturbedRate({ ...measured, concurrency: 1, othersMs: 2_000 })).toBeCloseTo(100 / 1.5);
  });
});
