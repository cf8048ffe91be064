import { expect, test } from "vitest";
import { throughputOf } from "./throughput.js";

test("workers' completions add up, wherever their bins begin", () => {
  const { atMs, imagesPerSecond } = throughputOf([
    { startMs: 0, binMs: 1_000, counts: [0, 10, 10, 10] },
    { startMs: 1_500, binMs: 1_000, counts: [20, 20] },
  ]);
  expect(atMs).toEqual([1_500, 2_500, 3_500]);
  expect(imagesPerSecond).toEqual([20, 30, 20]);
});

test("a long run has no more points than can be seen, and no image is lost", () => {
  const counts = Array.from({ length: 2_000 }, (_, i) => i % 7);
  const { atMs, imagesPerSecond } = throughputOf([{ startMs: 0, binMs: 8_000, counts }]);
  expect(atMs.length).toBeLessThanOrEqual(100);
  const stepSeconds = (atMs[1]! - atMs[0]!) / 1_000;
  const shown = imagesPerSecond.reduce((sum, rate) => sum + rate * stepSeconds, 0);
  const all = counts.reduce((sum, count) => sum + count, 0);
  expect(Math.abs(shown - all) / all).toBeLessThan(0.05);
});

test("without completions there is nothing to show", () => {
  expect(throughputOf([{ startMs: 0, binMs: 1_000, counts: [0, 0] }])).toEqual({ atMs: [], imagesPerSecond: [] });
});
