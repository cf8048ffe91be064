/** The least and the largest value that an activation had. */
export type Range = readonly [low: number, high: number];

/** x is stored as round(x / scale) + zeroPoint, in 0..255. */
export interface Grid {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** A kernel in whole numbers: an output channel's are to be multiplied by its scale. */
export interface WholeKernel {
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/**
 * The largest weight of a convolution that is a matrix product. Processors without VNNI add two products of uint8 and int8
 * in 16 bits, where 2 x 255 x 64 is the most that fits: with 127 sums overflow there, and labels would depend on the machine.
 */
export const maxProductWeight = 64;

/** Depthwise kernels are added up in 32 bits everywhere. */
export const maxDepthwiseWeight = 127;

/** The 256 steps over a range that is stretched to hold zero, which lies on a step exactly: padding is zeros. */
export function gridOver([low, high]: Range): Grid {
  const from = Math.min(low, 0);
  const scale = Math.fround((Math.max(high, 0) - from) / 255) || 1;
  return { scale, zeroPoint: Math.min(255, Math.round((0 - from) / scale)) };
}

/**
 * A kernel [outChannels, the rest] in whole numbers of -maxWeight..maxWeight: each output channel has a scale of its own,
 * symmetric around zero, by which its largest weight becomes maxWeight.
 */
export function wholeKernel(kernel: Float32Array, outChannels: number, maxWeight: number): WholeKernel {
  const perChannel = kernel.length / outChannels;
  const values = new Int8Array(kernel.length);
  const scales = new Float32Array(outChannels);
  for (let channel = 0; channel < outChannels; channel++) {
    const weights = kernel.subarray(channel * perChannel, (channel + 1) * perChannel);
    const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    const scale = Math.fround(largest / maxWeight) || 1;
    scales[channel] = scale;
    values.set(
      weights.map((weight) => Math.round(weight / scale)),
      channel * perChannel,
    );
  }
  return { values, scales };
}
