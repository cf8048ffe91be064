/** Little-endian IEEE 754 half-precision numbers as float32. `bytes` has two bytes a number, at any alignment. */
export function decodeFloat16(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.byteLength / 2);
  for (let index = 0; index < values.length; index++) values[index] = halfToNumber(view.getUint16(index * 2, true));
  return values;
}

/** 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits; exponent 0 is subnormal, 31 is infinity or NaN. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
