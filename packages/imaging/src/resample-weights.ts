import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";

type Interpolation = PreprocessSpec["interpolation"];

/** How much of each pixel of a line goes into the pixels of a resized line. */
export interface Weights {
  /** Per pixel made, the first pixel that it is made of. */
  readonly starts: Uint32Array;
  /** Pixels that each one is made of, counted from its start; the last ones may weigh nothing. */
  readonly taps: number;
  /** [pixels made, taps], with `weightBits` fractional bits. */
  readonly values: Int32Array;
  /** One behind the last pixel that has a weight. */
  readonly end: number;
}

export interface Line {
  /** Not a whole number where the last pixel is only in part one of the image. */
  fromPx: number;
  toPx: number;
  /** Which of the `toPx` pixels are made. */
  first: number;
  count: number;
  interpolation: Interpolation;
}

/** As in `assembly/resample.ts`. */
export const weightBits = 22;

interface Filter {
  /** Pixels on either side, where nothing is made smaller. */
  readonly support: number;
  /** Of a pixel so far away, at least 0. */
  weight(distancePx: number): number;
}

const filters: Record<Interpolation, Filter> = {
  // Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -0.5.
  bicubic: {
    support: 2,
    weight(x) {
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - x) },
};

/**
 * The weights of Pillow's `Image.resize`, to the last bit: where an image is made smaller, the filter is as much wider, so that
 * every pixel counts (https://github.com/python-pillow/Pillow, src/libImaging/Resample.c).
 */
export function resampleWeights({ fromPx, toPx, first, count, interpolation }: Line): Weights {
  const { support, weight } = filters[interpolation];
  const scale = fromPx / toPx;
  const pixels = Math.ceil(fromPx);
  const widening = Math.max(1, scale);
  const narrowing = 1 / widening;
  const reach = support * widening;
  // Every image may have a size of its own, so this is written in plain loops: 0.2 ms of a photo's 4.
  const starts = new Uint32Array(count);
  const lengths = new Uint32Array(count);
  let taps = 0;
  for (let made = 0; made < count; made++) {
    const centre = (first + made + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const length = Math.min(pixels, Math.trunc(centre + reach + 0.5)) - start;
    starts[made] = start;
    lengths[made] = length;
    taps = Math.max(taps, length);
  }
  const values = new Int32Array(count * taps);
  const line = new Float64Array(taps);
  for (let made = 0; made < count; made++) {
    const start = starts[made]!;
    const length = lengths[made]!;
    const centre = (first + made + 0.5) * scale;
    let sum = 0;
    for (let tap = 0; tap < length; tap++) {
      const value = weight(Math.abs((start + tap - centre + 0.5) * narrowing));
      line[tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < length; tap++) {
      const fixed = (line[tap]! / sum) * 2 ** weightBits;
      values[made * taps + tap] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
  }
  return { starts, taps, values, end: starts[count - 1]! + lengths[count - 1]! };
}
