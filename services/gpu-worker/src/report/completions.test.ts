import { expect, test } from "vitest";
import { CompletionCounter } from "./completions.js";

test("counts land in the second they belong to", () => {
  const counter = new CompletionCounter(10_000);
  counter.add(2, 10_000);
  counter.add(1, 10_999);
  counter.add(4, 13_500);
  expect(counter.snapshot()).toEqual({ startMs: 10_000, binMs: 1_000, counts: [3, 0, 0, 4] });
});

test("a long run widens its bins and loses no image", () => {
  const counter = new CompletionCounter(0);
  const days = 3;
  let added = 0;
  for (let second = 0; second < days * 86_400; second += 60) {
    counter.add(5, second * 1_000);
    added += 5;
  }
  const { binMs, counts } = counter.snapshot();
  expect(counts.length).toBeLessThanOrEqual(2_048);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(added);
  expect(binMs * counts.length).toBeGreaterThanOrEqual(days * 86_400_000 - 60_000);
});
