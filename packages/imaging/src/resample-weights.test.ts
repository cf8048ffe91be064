import { expect, test } from "vitest";
import { resampleWeights, weightBits } from "./resample-weights.js";

const one = 2 ** weightBits;

/** As fractions, the weights of the pixels made. */
function fractions(fromPx: number, toPx: number, interpolation: "bicubic" | "bilinear"): number[][] {
  const { taps, values } = resampleWeights({ fromPx, toPx, first: 0, count: toPx, interpolation });
  return Array.from({ length: toPx }, (_, made) =>
    [...values.subarray(made * taps, (made + 1) * taps)].map((value) => value / one),
  );
}

test("half the size: the filter is twice as wide, and what lies outside of the image does not count", () => {
  const [first] = fractions(4, 2, "bilinear");
  for (const [tap, sevenths] of [3, 3, 1].entries()) expect(first![tap]).toBeCloseTo(sevenths / 7, 6);
});

test("twice the size: bilinear takes three quarters of the nearer pixel", () => {
  const [, second, third] = fractions(2, 4, "bilinear");
  expect(second).toEqual([0.75, 0.25]);
  expect(third).toEqual([0.25, 0.75]);
});

test("the same size: each pixel is itself", () => {
  for (const interpolation of ["bicubic", "bilinear"] as const) {
    const { starts, taps, values } = resampleWeights({ fromPx: 9, toPx: 9, first: 0, count: 9, interpolation });
    for (const [made, start] of starts.entries()) {
      const line = [...values.subarray(made * taps, (made + 1) * taps)];
      expect(line.indexOf(one)).toBe(made - start);
      expect(line.filter((value) => value !== 0)).toEqual([one]);
    }
  }
});

test("the last pixel is half of the image: the others stay where they are", () => {
  const line = { first: 0, interpolation: "bilinear" } as const;
  const whole = resampleWeights({ ...line, fromPx: 8, toPx: 4, count: 2 });
  const shrunk = resampleWeights({ ...line, fromPx: 7.5, toPx: 3.75, count: 2 });
  expect([...shrunk.values]).toEqual([...whole.values]);
  const { starts, end } = resampleWeights({ ...line, fromPx: 7.5, toPx: 15, count: 15 });
  expect([starts[14], end]).toEqual([6, 8]);
});

test("bicubic with a = -0.5 half-way between two pixels", () => {
  const { starts, values } = resampleWeights({ fromPx: 4, toPx: 2, first: 0, count: 1, interpolation: "bicubic" });
  expect(starts[0]).toBe(0);
  // Pixels 0.25, 0.25, 0.75 and 1.25 of the widened filter's units away; those further out are cut off.
  const raw = [0.8671875, 0.8671875, 0.2265625, -0.0703125];
  const sum = raw.reduce((a, b) => a + b);
  for (const [tap, weight] of raw.entries()) expect(values[tap]! / one).toBeCloseTo(weight / sum, 6);
});

test.each([
  [500, 341, 58, 224],
  [375, 256, 16, 224],
  [31, 1000, 400, 224],
  [1, 224, 0, 224],
  [9_999, 341, 0, 341],
] as const)("%i to %i: each pixel's weights add up to one, inside of the image", (fromPx, toPx, first, count) => {
  for (const interpolation of ["bicubic", "bilinear"] as const) {
    const { starts, taps, values, end } = resampleWeights({ fromPx, toPx, first, count, interpolation });
    expect(end).toBeLessThanOrEqual(fromPx);
    for (const [made, start] of starts.entries()) {
      const line = values.subarray(made * taps, (made + 1) * taps);
      // Each is rounded on its own.
      expect(Math.abs(line.reduce((a, b) => a + b, 0) - one)).toBeLessThanOrEqual(taps);
      const used = line.findLastIndex((value) => value !== 0) + 1;
      expect(start + used).toBeLessThanOrEqual(end);
    }
  }
});
