import { describe, expect, it } from "vitest";
import { topK } from "./top-k.js";

describe("topK", () => {
  it("agrees with sorting the whole row, ties by index", () => {
    const row = Float32Array.from({ length: 500 }, (_, index) => ((index * 7919) % 101) / 128);
    const sorted = [...row]
      .map((probability, index) => ({ index, probability }))
      .sort((left, right) => right.probability - left.probability || left.index - right.index);
    for (const k of [1, 5, 100, 500]) expect(topK(row, k)).toEqual(sorted.slice(0, k));
  });

  it("gives what there is when the row is shorter than k, and nothing for k = 0", () => {
    expect(topK(Float32Array.of(0.25, 0.5), 5)).toEqual([
      { index: 1, probability: 0.5 },
      { index: 0, probability: 0.25 },
    ]);
    expect(topK(Float32Array.of(0.25), 0)).toEqual([]);
  });
});
