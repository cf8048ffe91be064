import type { ConvStep } from "./blocks.js";
import { type Network, networkOf } from "./network.js";
import { outputSizePx } from "./padding.js";

/**
 * Multiply-adds of one image of `inputPx` x `inputPx`: convolutions and the classifier, which is how the EfficientNet
 * paper counts (its table 2 calls them FLOPS). Throws MODEL_INVALID on an unknown architecture.
 */
export function multiplyAdds(architecture: string, inputPx: number, numClasses = 1000): number {
  const network = networkOf(architecture);
  let sizePx = inputPx;
  let total = network.classifier.inFeatures * numClasses;
  for (const conv of convsOf(network)) {
    sizePx = outputSizePx(sizePx, conv.stride);
    total += sizePx * sizePx * kernelWeights(conv);
  }
  return total;
}

/** Learned numbers: kernels, batch-norm scales and shifts, the classifier. Running statistics are not learned. */
export function parameterCount(architecture: string, numClasses = 1000): number {
  const network = networkOf(architecture);
  const classifier = (network.classifier.inFeatures + 1) * numClasses;
  return convsOf(network).reduce((total, conv) => total + kernelWeights(conv) + 2 * conv.outChannels, classifier);
}

function convsOf(network: Network): ConvStep[] {
  return [network.stem, ...network.blocks.flatMap((block) => block.steps), network.head];
}

function kernelWeights(conv: ConvStep): number {
  return conv.outChannels * (conv.inChannels / conv.groups) * conv.kernelPx * conv.kernelPx;
}
