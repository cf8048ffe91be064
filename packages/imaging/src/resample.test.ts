import { expect, test } from "vitest";
import type { Box } from "./geometry.js";
import { planResampling, resample } from "./resample.js";
import { type Interpolation, resampleWeights, weightBits } from "./resample-weights.js";

interface Size {
  widthPx: number;
  heightPx: number;
}

/** Any bytes, always the same ones. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  });
}

/** One direction of the resize in the plainest way: `at` finds a byte, of a pixel along the line and another across it. */
function resizedLines(
  fromPx: number,
  toPx: number,
  across: number,
  interpolation: Interpolation,
  at: (along: number, across: number) => number,
): (along: number, across: number) => number {
  const { starts, taps, values } = resampleWeights({ fromPx, toPx, first: 0, count: toPx, interpolation });
  const made = new Uint8ClampedArray(toPx * across);
  for (let along = 0; along < toPx; along++) {
    for (let other = 0; other < across; other++) {
      let sum = 2 ** (weightBits - 1);
      for (let tap = 0; tap < taps; tap++) {
        const weight = values[along * taps + tap]!;
        if (weight !== 0) sum += weight * at(starts[along]! + tap, other);
      }
      made[along * across + other] = Math.floor(sum / 2 ** weightBits);
    }
  }
  return (along, other) => made[along * across + other]!;
}

function plainly(pixels: Uint8Array, { widthPx, heightPx }: Size, to: Size, crop: Box, interpolation: Interpolation) {
  const wide = resizedLines(
    widthPx,
    to.widthPx,
    heightPx * 3,
    interpolation,
    (x, other) => pixels[(Math.trunc(other / 3) * widthPx + x) * 3 + (other % 3)]!,
  );
  const both = resizedLines(heightPx, to.heightPx, to.widthPx * 3, interpolation, (y, other) =>
    wide(Math.trunc(other / 3), y * 3 + (other % 3)),
  );
  return Uint8Array.from({ length: crop.width * crop.height * 3 }, (_, index) => {
    const pixel = Math.trunc(index / 3);
    const x = crop.left + (pixel % crop.width);
    const y = crop.top + Math.trunc(pixel / crop.width);
    return both(y, x * 3 + (index % 3));
  });
}

test.each([
  ["smaller", [61, 47], [40, 31], [3, 2, 30, 27]],
  ["much smaller", [300, 211], [32, 32], [0, 0, 32, 32]],
  ["larger", [13, 29], [40, 90], [5, 31, 33, 33]],
  ["the same size, an odd crop", [50, 50], [50, 50], [7, 9, 31, 31]],
  ["wider only", [20, 40], [60, 40], [0, 0, 60, 40]],
  ["of one pixel", [1, 1], [24, 24], [4, 4, 16, 16]],
  ["a line", [1, 77], [16, 1232], [0, 608, 16, 16]],
  ["larger than any before", [900, 700], [600, 467], [10, 11, 448, 448]],
] as const)("%s: byte for byte what the weights say", (_, [widthPx, heightPx], [width, height], box) => {
  const [left, top, cropWidth, cropHeight] = box;
  const size = { widthPx, heightPx };
  const crop = { left, top, width: cropWidth, height: cropHeight };
  const whole = { left: 0, top: 0, width: widthPx, height: heightPx };
  const pixels = noise(widthPx * heightPx * 3, widthPx);
  for (const interpolation of ["bicubic", "bilinear"] as const) {
    const resampling = planResampling(size, { before: null, width, height, crop }, interpolation);
    const got = new Uint8Array(cropWidth * cropHeight * 3);
    resample(pixels, whole, resampling, got);
    const wanted = plainly(pixels, size, { widthPx: width, heightPx: height }, crop, interpolation);
    expect(Buffer.compare(got, wanted), interpolation).toBe(0);
  }
});

test("reads no more of the image than the part it names", () => {
  const size = { widthPx: 120, heightPx: 90 };
  const plan = { before: null, width: 80, height: 60, crop: { left: 20, top: 10, width: 40, height: 40 } };
  const resampling = planResampling(size, plan, "bicubic");
  const { part } = resampling;
  expect([part.width, part.height].every((side, i) => side < [120, 90][i]!)).toBe(true);
  const pixels = noise(120 * 90 * 3, 5);
  const cut = new Uint8Array(part.width * part.height * 3);
  for (let row = 0; row < part.height; row++) {
    const at = ((part.top + row) * 120 + part.left) * 3;
    cut.set(pixels.subarray(at, at + part.width * 3), row * part.width * 3);
  }
  const [fromWhole, fromPart] = [new Uint8Array(40 * 40 * 3), new Uint8Array(40 * 40 * 3)];
  resample(pixels, { left: 0, top: 0, width: 120, height: 90 }, resampling, fromWhole);
  resample(cut, part, resampling, fromPart);
  expect(Buffer.compare(fromPart, fromWhole)).toBe(0);
});
