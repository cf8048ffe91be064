import { expect, test } from "vitest";
import { largestBatch } from "./largest-batch.js";

const measure = (batch: number, peakRssBytes: number) => ({
  batch,
  peakRssBytes,
  msPerImage: 1,
  cpuMsPerImage: 1,
  imagesPerSecond: 1,
  gflops: 1,
});

test("the largest batch lies on the line through what was measured", () => {
  const measures = [measure(1, 110), measure(8, 180), measure(32, 420)];
  expect(largestBatch(measures, 1_110)).toBe(101);
  expect(largestBatch(measures, 419)).toBe(31);
  expect(largestBatch(measures, 50)).toBe(0);
});

test("one size, or memory that does not grow, says nothing", () => {
  expect(largestBatch([measure(8, 100)], 1_000)).toBeNull();
  expect(largestBatch([measure(1, 100), measure(8, 100)], 1_000)).toBeNull();
});
