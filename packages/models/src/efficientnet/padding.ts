import type { Convention } from "./variants.js";

/** Zeros before and after one axis of a convolution's input. */
export interface Padding {
  readonly beforePx: number;
  readonly afterPx: number;
}

/** The zeros around an axis of `sizePx` pixels; either way there are ceil(size / stride) outputs. */
export function paddingOf(
  convention: Convention["padding"],
  sizePx: number,
  kernelPx: number,
  stride: number,
): Padding {
  return convention === "same" ? samePadding(sizePx, kernelPx, stride) : symmetricPadding(kernelPx);
}

/**
 * TensorFlow's "same" padding: just enough zeros for ceil(size / stride) outputs, and an odd one goes to the end. With
 * stride 2 that is lopsided, and depends on the size. Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
 */
export function samePadding(sizePx: number, kernelPx: number, stride: number): Padding {
  const totalPx = Math.max((outputSizePx(sizePx, stride) - 1) * stride + kernelPx - sizePx, 0);
  const beforePx = Math.floor(totalPx / 2);
  return { beforePx, afterPx: totalPx - beforePx };
}

/** PyTorch's way: half the kernel on both sides, whatever the stride. Source: timm's `get_padding`. */
function symmetricPadding(kernelPx: number): Padding {
  const eachPx = (kernelPx - 1) / 2;
  return { beforePx: eachPx, afterPx: eachPx };
}

/** The side of the output of a convolution padded in either way. */
export function outputSizePx(sizePx: number, stride: number): number {
  return Math.ceil(sizePx / stride);
}
