/** Little-endian IEEE 754 half-precision numbers as float32. `bytes` has two bytes a number, at any alignment. */
export function decodeFloat16(bytes: Uint8Array): Float32Array {
  allHalves ??= Float32Array.from({ length: 65_536 }, (_, half) => halfToNumber(half));
  const values = new Float32Array(bytes.byteLength >> 1);
  for (let index = 0; index < values.length; index++) {
    values[index] = allHalves[bytes[2 * index]! | (bytes[2 * index + 1]! << 8)]!;
  }
  return values;
}

/** Every half there is, by its bits: looking one up is many times faster than working it out. */
let allHalves: Float32Array | undefined;

/** 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits; exponent 0 is subnormal, 31 is infinity or NaN. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The bits of the half-precision numbers nearest to `values` (ties to even); what is over 65,504 becomes infinite. */
export function encodeFloat16(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let index = 0; index < halves.length; index++) halves[index] = halfBits(bits[index]!);
  return halves;
}

/** From the bits of a float32: 8 exponent bits (bias 127) and 23 fraction bits. */
function halfBits(float: number): number {
  const sign = (float >>> 16) & 0x8000;
  const exponent = ((float >>> 23) & 0xff) - 127 + 15;
  const fraction = float & 0x7fffff;
  if (exponent >= 31) return sign | 0x7c00 | (exponent === 143 && fraction !== 0 ? 0x200 : 0);
  if (exponent > 0) return sign | (((exponent << 10) | (fraction >>> 13)) + roundUp(fraction, 13));
  if (exponent < -10) return sign;
  const shift = 14 - exponent;
  const significand = fraction | 0x800000;
  return sign | ((significand >>> shift) + roundUp(significand, shift));
}

/** 1 when dropping the lowest `shift` bits has to round up; a carry into the exponent is as it should be. */
function roundUp(value: number, shift: number): number {
  const dropped = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return dropped > half || (dropped === half && (value >>> shift) & 1) ? 1 : 0;
}

/** bfloat16 is the upper half of a float32. */
export function decodeBfloat16(bytes: Uint8Array): Float32Array {
  const bits = new Uint32Array(bytes.byteLength >> 1);
  for (let index = 0; index < bits.length; index++) {
    bits[index] = (bytes[2 * index]! << 16) | (bytes[2 * index + 1]! << 24);
  }
  return new Float32Array(bits.buffer);
}
