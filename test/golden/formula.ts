/**
 * The formulas of test/golden/data/README.md: weights and an image that need no file. All arithmetic is modulo 2^32.
 */

/** FNV-1a, 32 bits, of the text's UTF-8 bytes. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** Element `index` of the mulberry32 sequence of that seed, in [0, 1). */
export function mulberry32(seed: number, index: number): number {
  const a = (seed + Math.imul(index + 1, 0x6d2b79f5)) | 0;
  let t = Math.imul(a ^ (a >>> 15), a | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

/** The float32 values of a tensor, in row-major order. */
export function formulaTensor(name: string, shape: readonly number[], gain: number): Float32Array {
  const seed = fnv1a(name);
  const size = shape.reduce((product, length) => product * length, 1);
  const values = new Float32Array(size);
  const toValue = distribution(name, shape, gain);
  for (let index = 0; index < size; index++) values[index] = toValue(mulberry32(seed, index));
  return values;
}

function distribution(name: string, shape: readonly number[], gain: number): (u: number) => number {
  if (name.endsWith("running_var")) return (u) => 0.5 + u;
  if (name.endsWith("running_mean")) return (u) => (2 * u - 1) * 0.1;
  if (shape.length === 1) return name.endsWith(".weight") ? (u) => 0.8 + 0.4 * u : (u) => (2 * u - 1) * 0.1;
  const fanIn = shape.slice(1).reduce((product, length) => product * length, 1);
  const scale = gain * Math.sqrt(3 / fanIn);
  return (u) => (2 * u - 1) * scale;
}

/** uint8 RGB [sidePx, sidePx, 3], in squares of 16 pixels. */
export function formulaImage(sidePx: number): Uint8Array {
  const pixels = new Uint8Array(sidePx * sidePx * 3);
  for (let y = 0; y < sidePx; y++) {
    for (let x = 0; x < sidePx; x++) {
      for (let c = 0; c < 3; c++) {
        const u = mulberry32(12345, (y >> 4) * 4096 + (x >> 4) * 4 + c);
        pixels[(y * sidePx + x) * 3 + c] = Math.floor(256 * u);
      }
    }
  }
  return pixels;
}
