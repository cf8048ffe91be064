/**
 * Compound scaling: one coefficient widens every layer, another deepens every stage (Tan and Le, "EfficientNet:
 * Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, https://arxiv.org/abs/1905.11946, section 3).
 * How to round is in no paper; it comes from the authors' code:
 * https://github.com/tensorflow/tpu/blob/master/models/official/efficientnet/efficientnet_model.py
 */

const channelMultiple = 8;

/**
 * Channels scaled by `width` and rounded to the nearest multiple of 8 (a half rounds up), at least 8 and never below
 * `leastKeptShare` of the unrounded number: 0.9 in `round_filters` of the authors' code, so 32 x 1.8 = 57.6 gives 56, and
 * 0 for V2, whose code rounds without that rule (https://github.com/google/automl/blob/master/efficientnetv2/utils.py,
 * `round_filters`), so 16 x 1.2 = 19.2 gives 16 where B3 has 24.
 */
export function scaleChannels(channels: number, width: number, leastKeptShare: number): number {
  const scaled = channels * width;
  const nearest = Math.floor((scaled + channelMultiple / 2) / channelMultiple) * channelMultiple;
  const rounded = Math.max(channelMultiple, nearest);
  return rounded < leastKeptShare * scaled ? rounded + channelMultiple : rounded;
}

/** Block repeats scaled by `depth`, rounded up: 4 x 2.6 = 10.4 gives 11. Source: `round_repeats` in the authors' code. */
export function scaleRepeats(repeats: number, depth: number): number {
  return Math.ceil(repeats * depth);
}

/**
 * Drop-connect (stochastic depth) of block `index` of `blocks`: rises linearly from 0 and would reach `rate` just after the
 * last. Training metadata; inference drops nothing. Source: `Model.call` in the authors' code.
 */
export function dropConnectOf(index: number, blocks: number, rate: number): number {
  return (rate * index) / blocks;
}
