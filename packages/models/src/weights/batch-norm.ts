import { LabelfleetError } from "@labelfleet/shared/errors";

/** A trained batch norm: y = (x - mean) / sqrt(variance + epsilon) * scale + shift, per channel. */
export interface BatchNorm {
  readonly name: string;
  readonly scale: Float32Array;
  readonly shift: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}

/**
 * The convolution that does what a bias-free convolution and the batch norm after it did: kernel x f and
 * shift - mean x f, where f = scale / sqrt(variance + epsilon).
 *
 * @param kernel [outChannels, inChannels per group, kernelPx, kernelPx]; changed in place, since networks are large
 * @param inputScale a factor for each input channel (of a convolution with one group), folded into the kernel too
 * @throws LabelfleetError MODEL_INVALID when a variance plus epsilon is not positive
 */
export function foldBatchNorm(
  kernel: Float32Array,
  batchNorm: BatchNorm,
  inputScale: readonly number[] = [1],
): { kernel: Float32Array; bias: Float32Array } {
  const outChannels = batchNorm.scale.length;
  const perInput = kernel.length / outChannels / inputScale.length;
  const bias = new Float32Array(outChannels);
  let at = 0;
  for (let out = 0; out < outChannels; out++) {
    const variance = batchNorm.variance[out]! + batchNorm.epsilon;
    if (!(variance > 0)) {
      throw new LabelfleetError("MODEL_INVALID", `tensor ${batchNorm.name}.running_var[${out}] is negative`);
    }
    const factor = batchNorm.scale[out]! / Math.sqrt(variance);
    bias[out] = batchNorm.shift[out]! - batchNorm.mean[out]! * factor;
    for (const scale of inputScale) {
      for (const end = at + perInput; at < end; at++) kernel[at] = kernel[at]! * factor * scale;
    }
  }
  return { kernel, bias };
}
