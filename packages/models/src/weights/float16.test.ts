import { expect, it } from "vitest";
import { decodeFloat16 } from "./float16.js";

it.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x7bff, 65504],
  [0x0400, 2 ** -14],
  [0x0001, 2 ** -24],
  [0x83ff, -1023 * 2 ** -24],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0xfc00, Number.NEGATIVE_INFINITY],
  [0x7e00, Number.NaN],
])("reads half 0x%s as a float", (half, expected) => {
  // One byte off, as tensors in a file may lie.
  const bytes = Uint8Array.of(0xff, half & 0xff, half >> 8).subarray(1);
  expect([...decodeFloat16(bytes)]).toEqual([expected]);
});
