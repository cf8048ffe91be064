import { type Block, type BlockShape, depthwise, hasShortcut, pointwise } from "./layers.js";
import { squeezeExcitation } from "./squeeze-excitation.js";

/**
 * MBConv, the inverted bottleneck of MobileNetV2 (https://arxiv.org/abs/1801.04381) with squeeze-and-excitation, each
 * convolution followed by its batch norm:
 *
 *     1x1 expansion + activation → k x k depthwise + activation → squeeze-and-excitation → 1x1 projection (→ + input)
 *
 * Nothing follows the projection, and the input is added only where shape and resolution stay.
 */
export function mbConv(name: string, shape: BlockShape): Block {
  const { inChannels, outChannels, activation } = shape;
  if (shape.expansion === 1) return withoutExpansion(name, shape);
  const hidden = inChannels * shape.expansion;
  return {
    residual: hasShortcut(shape),
    steps: [
      pointwise(name, ["conv_pw", "bn1"], inChannels, hidden, activation),
      depthwise(name, ["conv_dw", "bn2"], hidden, shape),
      ...squeezeExcitation(name, hidden, shape),
      pointwise(name, ["conv_pwl", "bn3"], hidden, outChannels, "none"),
    ],
  };
}

/** With a factor of 1 there is nothing to expand, so timm calls the projection `conv_pw`. */
function withoutExpansion(name: string, shape: BlockShape): Block {
  const { inChannels, outChannels } = shape;
  return {
    residual: hasShortcut(shape),
    steps: [
      depthwise(name, ["conv_dw", "bn1"], inChannels, shape),
      ...squeezeExcitation(name, inChannels, shape),
      pointwise(name, ["conv_pw", "bn2"], inChannels, outChannels, "none"),
    ],
  };
}
