import { expect, test } from "vitest";
import { largestBatch } from "./largest-batch.js";

const of = (...points: [batch: number, peakRssBytes: number][]) => ({
  loadedBytes: 100,
  batches: points.map(([batch, peakRssBytes]) => ({ batch, peakRssBytes })),
});

test("the largest batch lies on the line through what was measured", () => {
  const measured = of([1, 110], [8, 180], [32, 420]);
  expect(largestBatch(measured, 1_110)).toBe(101);
  expect(largestBatch(measured, 419)).toBe(31);
  expect(largestBatch(measured, 50)).toBe(0);
});

test("of one size, it lies on the line from the loaded model", () => {
  expect(largestBatch(of([8, 180]), 1_000)).toBe(90);
});

test("memory that does not grow says nothing", () => {
  expect(largestBatch(of([1, 120], [8, 120]), 1_000)).toBeNull();
  expect(largestBatch(of(), 1_000)).toBeNull();
});
