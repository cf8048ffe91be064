import { hasCode } from "@labelfleet/shared/errors";
import { expect, it } from "vitest";
import { foldBatchNorm } from "./batch-norm.js";

const batchNorm = {
  name: "bn",
  scale: Float32Array.of(2, 1),
  shift: Float32Array.of(0.5, -1),
  mean: Float32Array.of(3, 4),
  variance: Float32Array.of(3.75, 0.75),
  epsilon: 0.25,
};

it("folds scale and shift into the kernel, and a factor per input channel too", () => {
  // Two outputs, two inputs, 1x1; the factors are 2 / sqrt(4) = 1 and 1 / sqrt(1) = 1.
  const folded = foldBatchNorm(Float32Array.of(1, 2, 3, 4), batchNorm, [10, 100]);
  expect([...folded.kernel]).toEqual([10, 200, 30, 400]);
  expect([...folded.bias]).toEqual([0.5 - 3, -1 - 4]);
});

it("names a batch norm with a negative variance", () => {
  const broken = { ...batchNorm, variance: Float32Array.of(1, -2) };
  const fold = () => foldBatchNorm(Float32Array.of(1, 1), broken);
  expect(fold).toThrow(/tensor bn\.running_var\[1\] is negative/);
  try {
    fold();
  } catch (error) {
    expect(hasCode(error, "MODEL_INVALID")).toBe(true);
  }
});
