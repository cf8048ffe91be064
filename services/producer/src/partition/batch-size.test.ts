import { describe, expect, it } from "vitest";
import { estimateBatchImages } from "./batch-size.js";

const b7 = 37e9;
const b0 = 0.39e9;
const lite0 = 0.41e9;

describe("estimateBatchImages", () => {
  it("is about ten seconds of one worker's work", () => {
    const open = { listedImages: null, workers: 2 };
    expect(estimateBatchImages({ multiplyAddsPerImage: b7, device: "cpu", ...open })).toBe(16);
    const images = estimateBatchImages({ multiplyAddsPerImage: lite0, device: "cpu", ...open });
    expect(images).toBeGreaterThan(800);
    expect(images).toBeLessThan(1200);
    expect(estimateBatchImages({ multiplyAddsPerImage: b0, device: "cuda", ...open })).toBeGreaterThan(2000);
  });

  it("gives each worker at least four batches of a known listing", () => {
    const small = { multiplyAddsPerImage: lite0, device: "cpu" as const };
    expect(estimateBatchImages({ ...small, listedImages: 1000, workers: 2 })).toBe(125);
    expect(Math.ceil(1003 / estimateBatchImages({ ...small, listedImages: 1003, workers: 3 }))).toBeGreaterThanOrEqual(
      12,
    );
  });

  it("stays between one image and a chunk", () => {
    expect(estimateBatchImages({ multiplyAddsPerImage: b7, device: "cpu", listedImages: 3, workers: 8 })).toBe(1);
    expect(estimateBatchImages({ multiplyAddsPerImage: 1e14, device: "cpu", listedImages: null, workers: 1 })).toBe(1);
    expect(
      estimateBatchImages({ multiplyAddsPerImage: 0, device: "cuda", listedImages: null, workers: 1 }),
    ).toBeLessThanOrEqual(10_240);
  });
});
