import { LabelfleetError } from "@labelfleet/shared/errors";
import { nearestNames } from "../nearest-names.js";

export type Activation = "relu6";

/** One row of the paper's table 1: a run of equal blocks, of which the first has the stride and changes the width. */
export interface Stage {
  readonly block: "depthwise-separable" | "mbconv";
  readonly repeats: number;
  readonly kernelPx: number;
  readonly stride: 1 | 2;
  /** Hidden channels per input channel of an MBConv block (1 where the block has no expansion). */
  readonly expansion: number;
  readonly outChannels: number;
}

/** Everything that tells one member of the family from another. */
export interface Variant {
  readonly width: number;
  readonly depth: number;
  /** The training resolution; a model card may ask for another. */
  readonly inputPx: number;
  readonly stages: readonly Stage[];
  readonly stemChannels: number;
  readonly headChannels: number;
  /** Lite keeps stem, head and the depth of its first and last stage as they are, so that small stays small. */
  readonly scalesEnds: boolean;
  readonly activation: Activation;
  readonly batchNormEpsilon: number;
}

/** EfficientNet-B0's stages: table 1 of https://arxiv.org/abs/1905.11946. */
const b0Stages: readonly Stage[] = [
  { block: "depthwise-separable", repeats: 1, kernelPx: 3, stride: 1, expansion: 1, outChannels: 16 },
  { block: "mbconv", repeats: 2, kernelPx: 3, stride: 2, expansion: 6, outChannels: 24 },
  { block: "mbconv", repeats: 2, kernelPx: 5, stride: 2, expansion: 6, outChannels: 40 },
  { block: "mbconv", repeats: 3, kernelPx: 3, stride: 2, expansion: 6, outChannels: 80 },
  { block: "mbconv", repeats: 3, kernelPx: 5, stride: 1, expansion: 6, outChannels: 112 },
  { block: "mbconv", repeats: 4, kernelPx: 5, stride: 2, expansion: 6, outChannels: 192 },
  { block: "mbconv", repeats: 1, kernelPx: 3, stride: 1, expansion: 6, outChannels: 320 },
];

/**
 * EfficientNet-Lite: no squeeze-and-excitation, ReLU6 for Swish, fixed stem and head. Source of the coefficients:
 * https://github.com/tensorflow/tpu/blob/master/models/official/efficientnet/lite/efficientnet_lite_builder.py
 */
function lite(width: number, depth: number, inputPx: number): Variant {
  return {
    width,
    depth,
    inputPx,
    stages: b0Stages,
    stemChannels: 32,
    headChannels: 1280,
    scalesEnds: false,
    activation: "relu6",
    batchNormEpsilon: 1e-3,
  };
}

/** By timm's architecture name; `tf_` means TensorFlow's "same" padding and a batch-norm epsilon of 1e-3. */
const variants: ReadonlyMap<string, Variant> = new Map([
  ["tf_efficientnet_lite0", lite(1.0, 1.0, 224)],
  ["tf_efficientnet_lite1", lite(1.0, 1.1, 240)],
  ["tf_efficientnet_lite2", lite(1.1, 1.2, 260)],
  ["tf_efficientnet_lite3", lite(1.2, 1.4, 300)],
  ["tf_efficientnet_lite4", lite(1.4, 1.8, 380)],
]);

export const architectureNames: readonly string[] = [...variants.keys()];

/** The variant of that name. Throws MODEL_INVALID, with the nearest names, when there is none. */
export function variantOf(architecture: string): Variant {
  const variant = variants.get(architecture);
  if (variant) return variant;
  const nearest = nearestNames(architecture, architectureNames).join(", ");
  throw new LabelfleetError("MODEL_INVALID", `unknown architecture "${architecture}"; the nearest known: ${nearest}`);
}
