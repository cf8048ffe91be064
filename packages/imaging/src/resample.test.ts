import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import { expect, test } from "vitest";
import { planResize } from "./geometry.js";
import type { ImageSize } from "./jpeg-size.js";
import { planResampling, resample } from "./resample.js";
import { withResampleProgram } from "./resample-program.js";
import { resampleWeights, weightBits } from "./resample-weights.js";

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
  interpolation: PreprocessSpec["interpolation"],
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

/** Resized as a whole, and cropped then. */
function plainly(pixels: Uint8Array, size: ImageSize, spec: PreprocessSpec): Uint8Array {
  const { widthPx, heightPx } = size;
  const { width, height, crop } = planResize(size, spec);
  const { interpolation } = spec;
  const wide = resizedLines(
    widthPx,
    width,
    heightPx * 3,
    interpolation,
    (x, other) => pixels[(Math.trunc(other / 3) * widthPx + x) * 3 + (other % 3)]!,
  );
  const both = resizedLines(heightPx, height, width * 3, interpolation, (y, other) =>
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
  ["smaller", [61, 47], [27, 31]],
  ["much smaller", [300, 211], [32, 32]],
  ["larger", [13, 29], [33, 40]],
  ["the same size, an odd crop", [50, 50], [31, 50]],
  ["of one pixel", [1, 1], [16, 24]],
  ["a line", [1, 77], [16, 16]],
  ["long", [1_000, 60], [24, 32]],
  ["longer, of few pixels", [3, 77], [20, 20]],
  ["squashed", [90, 31], [28, 30], "squash"],
  ["squashed and long", [20, 400], [40, 44], "squash"],
  ["larger than any before", [900, 700], [448, 467]],
] as const)(
  "%s: byte for byte what the weights say",
  (_, [widthPx, heightPx], [inputPx, resizeShortSidePx], mode?: string) => {
    const size = { widthPx, heightPx };
    const whole = { left: 0, top: 0, width: widthPx, height: heightPx };
    const pixels = noise(widthPx * heightPx * 3, widthPx);
    for (const interpolation of ["bicubic", "bilinear"] as const) {
      const spec = { inputPx, resizeShortSidePx, interpolation, squash: mode === "squash" };
      const got = new Uint8Array(inputPx * inputPx * 3);
      resample(pixels, whole, planResampling(size, spec), got);
      expect(Buffer.compare(got, plainly(pixels, size, spec)), interpolation).toBe(0);
    }
  },
);

test("reads no more of the image than the part it names", () => {
  const size = { widthPx: 120, heightPx: 90 };
  const resampling = planResampling(size, { inputPx: 40, resizeShortSidePx: 60, interpolation: "bicubic" });
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

test("an image that needs much memory leaves the next one right", () => {
  const spec = { inputPx: 16, resizeShortSidePx: 16, interpolation: "bilinear", squash: true } as const;
  const large = { widthPx: 6_000, heightPx: 3_000 };
  const small = { widthPx: 40, heightPx: 30 };
  const pixels = noise(large.widthPx * large.heightPx * 3, 3);
  const made = new Uint8Array(16 * 16 * 3);
  resample(pixels, { left: 0, top: 0, width: 6_000, height: 3_000 }, planResampling(large, spec), made);
  let keptBytes = Number.POSITIVE_INFINITY;
  withResampleProgram(({ memory }) => (keptBytes = memory.buffer.byteLength));
  expect(keptBytes).toBeLessThan(2 ** 20);
  resample(pixels, { left: 0, top: 0, width: 40, height: 30 }, planResampling(small, spec), made);
  expect(Buffer.compare(made, plainly(pixels, small, spec))).toBe(0);
});
