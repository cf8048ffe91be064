import { describe, expect, it } from "vitest";
import { rooflineOf, type StageMeasure } from "./roofline.js";

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
