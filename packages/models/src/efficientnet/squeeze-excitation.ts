import type { BlockShape, SqueezeExcitationStep } from "./layers.js";

/** The squeezed layer has a quarter of the channels that come into the block (not of those inside of it). */
const squeezeRatio = 0.25;

/**
 * Squeeze-and-excitation (https://arxiv.org/abs/1709.01507) on the `channels` of a block's depthwise convolution:
 *
 *     global average pool → 1x1 to a quarter of the block's input channels + Swish → 1x1 back + sigmoid → weigh channels
 *
 * Nothing for networks without it. Source of the ratio's base: `num_reduced_filters` in
 * https://github.com/tensorflow/tpu/blob/master/models/official/efficientnet/efficientnet_model.py
 */
export function squeezeExcitation(
  block: string,
  channels: number,
  { inChannels, squeezes, activation }: Pick<BlockShape, "inChannels" | "squeezes" | "activation">,
): SqueezeExcitationStep[] {
  if (!squeezes) return [];
  const squeezedChannels = Math.max(1, Math.floor(inChannels * squeezeRatio));
  return [{ kind: "squeeze-excitation", name: `${block}.se`, channels, squeezedChannels, activation }];
}
