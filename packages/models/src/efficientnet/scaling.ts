/**
 * Compound scaling: one coefficient widens every layer, another deepens every stage (Tan and Le, "EfficientNet:
 * Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, https://arxiv.org/abs/1905.11946, section 3).
 * How to round is in no paper; it comes from the authors' code:
 * https://github.com/tensorflow/tpu/blob/master/models/official/efficientnet/efficientnet_model.py
 */

const channelMultiple = 8;
/** Rounding may not take away more than 10 % of the channels. */
const leastKeptShare = 0.9;

/**
 * Channels scaled by `width` and rounded to the nearest multiple of 8 (a half rounds up), at least 8 and never below
 * 90 % of the unrounded number. Source: `round_filters` in the authors' code.
 */
export function scaleChannels(channels: number, width: number): number {
  const scaled = channels * width;
  const nearest = Math.floor((scaled + channelMultiple / 2) / channelMultiple) * channelMultiple;
  const rounded = Math.max(channelMultiple, nearest);
  return rounded < leastKeptShare * scaled ? rounded + channelMultiple : rounded;
}

/** Block repeats scaled by `depth`, rounded up. Source: `round_repeats` in the authors' code. */
export function scaleRepeats(repeats: number, depth: number): number {
  return Math.ceil(repeats * depth);
}
