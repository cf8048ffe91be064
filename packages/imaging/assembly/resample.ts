// AssemblyScript: compiled to dist/resample.wasm, two passes over bytes with weights in whole numbers.
//
// A weight of 22 fractional bits is stored as two 16-bit parts, high * 2^11 + low, so that a pair of pixels is multiplied and
// added in one instruction each and the sum is still exact.

/** Fractional bits of a weight, as in `src/resample-weights.ts`. */
const weightBits = 22;
/** Fractional bits of its low part, as in `src/resample.ts`. */
const lowBits = 11;
/** Weights of a group of four: 16-bit high parts 0, 1, low parts 0, 1, high parts 2, 3, low parts 2, 3. */
const groupBytes: usize = 16;

/** Where the first byte behind the program's own data lies. */
export function firstFreeByte(): usize {
  return (__heap_base + 15) & ~15;
}

/** Bytes of four pixels to 16-bit pairs: red of the first two, green, blue. */
function firstPair(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
}

function secondPair(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
}

/** Rounded to whole numbers. */
function rounded(high: v128, low: v128): v128 {
  const sum = i32x4.add(i32x4.add(i32x4.shl(high, lowBits), low), i32x4.splat(1 << (weightBits - 1)));
  return i32x4.shr_s(sum, weightBits);
}

/** The low byte of each number, cut off at 0 and 255. */
function toBytes(pixel: v128): v128 {
  const halves = i16x8.narrow_i32x4_s(pixel, pixel);
  return i8x16.narrow_i16x8_u(halves, halves);
}

/**
 * Rows of RGB to `width` pixels each. `starts` has for each pixel the byte of a row at which its weights begin, `weights`
 * its `groups` groups of four. Two rows are done at once: an odd last row is followed by one that is garbage.
 */
export function horizontal(
  from: usize,
  fromStride: usize,
  rows: i32,
  to: usize,
  toStride: usize,
  width: i32,
  starts: usize,
  weights: usize,
  groups: i32,
): void {
  for (let row = 0; row < rows; row += 2) {
    let out = to;
    let group = weights;
    for (let x = 0; x < width; x++) {
      let pixels = from + <usize>load<u32>(starts + ((<usize>x) << 2));
      let high = i32x4.splat(0);
      let low = i32x4.splat(0);
      let nextHigh = i32x4.splat(0);
      let nextLow = i32x4.splat(0);
      for (let i = 0; i < groups; i++) {
        const high01 = v128.load32_splat(group);
        const low01 = v128.load32_splat(group, 4);
        const high23 = v128.load32_splat(group, 8);
        const low23 = v128.load32_splat(group, 12);
        const here = v128.load(pixels);
        const next = v128.load(pixels + fromStride);
        const here01 = firstPair(here);
        const here23 = secondPair(here);
        const next01 = firstPair(next);
        const next23 = secondPair(next);
        high = i32x4.add(high, i32x4.add(i32x4.dot_i16x8_s(here01, high01), i32x4.dot_i16x8_s(here23, high23)));
        low = i32x4.add(low, i32x4.add(i32x4.dot_i16x8_s(here01, low01), i32x4.dot_i16x8_s(here23, low23)));
        nextHigh = i32x4.add(nextHigh, i32x4.add(i32x4.dot_i16x8_s(next01, high01), i32x4.dot_i16x8_s(next23, high23)));
        nextLow = i32x4.add(nextLow, i32x4.add(i32x4.dot_i16x8_s(next01, low01), i32x4.dot_i16x8_s(next23, low23)));
        group += groupBytes;
        pixels += 12;
      }
      v128.store32_lane(out, toBytes(rounded(high, low)), 0);
      v128.store32_lane(out + toStride, toBytes(rounded(nextHigh, nextLow)), 0);
      out += 3;
    }
    from += fromStride << 1;
    to += toStride << 1;
  }
}

/**
 * `height` rows of `rowBytes` bytes, packed. `starts` has for each row the first row that it is made of, `weights` its
 * `pairs` pairs: high parts, low parts.
 */
export function vertical(
  from: usize,
  fromStride: usize,
  to: usize,
  rowBytes: i32,
  height: i32,
  starts: usize,
  weights: usize,
  pairs: i32,
): void {
  const zero = i32x4.splat(0);
  for (let y = 0; y < height; y++) {
    const first = from + <usize>load<u32>(starts + ((<usize>y) << 2)) * fromStride;
    for (let x = 0; x < rowBytes; x += 16) {
      let rows = first + x;
      let pair = weights;
      let high0 = zero,
        high1 = zero,
        high2 = zero,
        high3 = zero;
      let low0 = zero,
        low1 = zero,
        low2 = zero,
        low3 = zero;
      for (let i = 0; i < pairs; i++) {
        const highs = v128.load32_splat(pair);
        const lows = v128.load32_splat(pair, 4);
        const above = v128.load(rows);
        const below = v128.load(rows + fromStride);
        const left = i8x16.shuffle(above, below, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const right = i8x16.shuffle(above, below, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        const p0 = i16x8.extend_low_i8x16_u(left);
        const p1 = i16x8.extend_high_i8x16_u(left);
        const p2 = i16x8.extend_low_i8x16_u(right);
        const p3 = i16x8.extend_high_i8x16_u(right);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(p0, highs));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(p1, highs));
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(p2, highs));
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(p3, highs));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(p0, lows));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(p1, lows));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(p2, lows));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(p3, lows));
        rows += fromStride << 1;
        pair += 8;
      }
      const left16 = i16x8.narrow_i32x4_s(rounded(high0, low0), rounded(high1, low1));
      const right16 = i16x8.narrow_i32x4_s(rounded(high2, low2), rounded(high3, low3));
      v128.store(to + x, i8x16.narrow_i16x8_u(left16, right16));
    }
    to += rowBytes;
    weights += (<usize>pairs) << 3;
  }
}
