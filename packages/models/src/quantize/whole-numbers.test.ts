import { expect, test } from "vitest";
import { gridOver, wholeKernel } from "./whole-numbers.js";

test.each([
  [[0, 6], 0],
  [[-1, 4], 51],
  [[-3, -1], 255],
  [[1, 5], 0],
] as const)("the grid over %j has a step at zero", ([low, high], zeroPoint) => {
  const grid = gridOver([low, high]);
  expect(grid.zeroPoint).toBe(zeroPoint);
  // Both ends are on the grid, to half a step.
  for (const value of [low, high, 0]) {
    const step = Math.round(value / grid.scale) + grid.zeroPoint;
    expect(step).toBeGreaterThanOrEqual(-1);
    expect(step).toBeLessThanOrEqual(256);
    expect(Math.abs((Math.min(255, Math.max(0, step)) - grid.zeroPoint) * grid.scale - value)).toBeLessThanOrEqual(
      grid.scale,
    );
  }
});

test("a value that is always zero has a grid too", () => {
  expect(gridOver([0, 0])).toEqual({ scale: 1, zeroPoint: 0 });
});

test("each channel of a kernel uses the whole of its own range", () => {
  const kernel = Float32Array.of(0.5, -1, 0.25, 100, 25, -50, 0, 0, 0);
  const { values, scales } = wholeKernel(kernel, 3, 64);
  expect([...values]).toEqual([32, -64, 16, 64, 16, -32, 0, 0, 0]);
  expect([...scales]).toEqual([1 / 64, 100 / 64, 1]);
});
