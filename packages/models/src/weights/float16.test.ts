import { expect, it } from "vitest";
import { decodeBfloat16, decodeFloat16, encodeFloat16 } from "./float16.js";

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

it("writes every finite half as itself", () => {
  const bits = Uint16Array.from({ length: 65_536 }, (_, half) => half).filter((half) => (half & 0x7c00) !== 0x7c00);
  const values = decodeFloat16(new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength));
  expect(encodeFloat16(values)).toEqual(bits);
});

it.each([
  [1 + 2 ** -11, 0x3c00], // half-way between two: the even one
  [1 + 3 * 2 ** -11, 0x3c02],
  [1 + 2 ** -11 + 2 ** -20, 0x3c01],
  [65_519, 0x7bff],
  [65_520, 0x7c00], // would round to 65,536, which is over the largest
  [-1e9, 0xfc00],
  [2 ** -25, 0x0000],
  [1.1 * 2 ** -25, 0x0001],
  [1e-30, 0x0000],
])("rounds %d to half 0x%s", (value, half) => {
  expect([...encodeFloat16(Float32Array.of(value))]).toEqual([half]);
});

it("reads bfloat16", () => {
  expect([...decodeBfloat16(Uint8Array.of(0x80, 0x3f, 0x20, 0xc0))]).toEqual([1, -2.5]);
});
