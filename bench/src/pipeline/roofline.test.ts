import { describe, expect, it } from "vitest";
import { rooflineOf, type StageMeasure, undisturbedRate } from "./roofline.js";

function measure(stage: string, concurrency: number, imagesPerSecond: number, cpuMs: number, server = 0): StageMeasure {
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

  it("gives a strict bound of each stage's least CPU time, without the server", () => {
    const measures = [measure("decode", 1, 200, 4), measure("decode", 2, 350, 5), measure("infer", 1, 100, 12, 9)];
    expect(rooflineOf(measures, 2).strictImagesPerSecond).toBeCloseTo(125);
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
