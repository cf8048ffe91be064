import { type Block, type BlockShape, convolution, hasShortcut, pointwise } from "./layers.js";

/**
 * Fused-MBConv of EfficientNetV2 (https://arxiv.org/abs/2104.00298, figure 2): one full k x k convolution does the work of
 * MBConv's expansion and depthwise filter, which costs more multiply-adds and less time in early, wide-open stages:
 *
 *     k x k expansion + activation → 1x1 projection (→ + input)
 *
 * With a factor of 1 the k x k convolution is all there is, but for stages that project all the same.
 */
export function fusedMbConv(name: string, shape: BlockShape): Block {
  const { inChannels, outChannels, expansion, expandsOutput = false, projects = false } = shape;
  const residual = hasShortcut(shape);
  if (expansion === 1 && !projects) return { residual, steps: [convolution(name, ["conv", "bn1"], shape)] };
  const hidden = (expandsOutput ? outChannels : inChannels) * expansion;
  return {
    residual,
    steps: [
      convolution(name, ["conv_exp", "bn1"], { ...shape, outChannels: hidden }),
      pointwise(name, ["conv_pwl", "bn2"], hidden, outChannels, "none"),
    ],
  };
}
