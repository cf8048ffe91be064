import { LabelfleetError } from "@labelfleet/shared/errors";
import { nearestNames } from "../nearest-names.js";
import { b0Stages, type Stage, v2BaseStages, v2LargeStages, v2MediumStages, v2SmallStages } from "./stages.js";

export type Activation = "relu6" | "swish";

/** What the two lineages of weights disagree on: how convolutions pad, and what batch norm adds to the variance. */
export interface Convention {
  readonly padding: "symmetric" | "same";
  readonly batchNormEpsilon: number;
}

/** Everything that tells one member of the family from another. */
export interface Variant extends Convention {
  readonly stages: readonly Stage[];
  readonly stemChannels: number;
  readonly headChannels: number;
  readonly width: number;
  readonly depth: number;
  /** The resolution of the compound scaling; a model card may ask for another. */
  readonly inputPx: number;
  /** Training only: the share of the pooled features, and of the blocks (of the last; the first has none), dropped. */
  readonly dropout: number;
  readonly dropConnect: number;
  /** Of pixels scaled to [0, 1], in training; a model card may say another. */
  readonly normalisation: Normalisation;
  readonly activation: Activation;
  /** Whether MBConv blocks have squeeze-and-excitation; Fused-MBConv blocks have none. */
  readonly squeezes: boolean;
  /** Lite keeps stem, head and the depth of its first and last stage as they are, so that small stays small. */
  readonly scalesEnds: boolean;
  /** Rounding may not take away more than the rest of the channels; V2 has no such rule. */
  readonly leastKeptShare: number;
}

export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

const imageNet: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const plusMinusOne: Normalisation = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

const pytorch: Convention = { padding: "symmetric", batchNormEpsilon: 1e-5 };
const tensorflow: Convention = { padding: "same", batchNormEpsilon: 1e-3 };

const everyVariant = { stemChannels: 32, headChannels: 1280, dropConnect: 0.2, normalisation: imageNet } as const;
/** B0 to B7 and V2; Lite leaves out what is slow on small devices. */
const fullVariant = { ...everyVariant, scalesEnds: true, squeezes: true, activation: "swish" } as const;

/** What compound scaling sets. */
type Scaling = Pick<Variant, "width" | "depth" | "inputPx" | "dropout">;

function scaling(width: number, depth: number, inputPx: number, dropout: number): Scaling {
  return { width, depth, inputPx, dropout };
}

const b = (convention: Convention, compound: Scaling): Variant => ({
  ...fullVariant,
  ...convention,
  ...compound,
  stages: b0Stages,
  leastKeptShare: 0.9,
});

const lite = (compound: Scaling): Variant => ({
  ...everyVariant,
  ...tensorflow,
  ...compound,
  stages: b0Stages,
  leastKeptShare: 0.9,
  scalesEnds: false,
  squeezes: false,
  activation: "relu6",
  normalisation: plusMinusOne,
});

const v2Base = (compound: Scaling): Variant => ({
  ...fullVariant,
  ...tensorflow,
  ...compound,
  stages: v2BaseStages,
  leastKeptShare: 0,
});

/** S, M and L are not scaled from a base: each has a stage table of its own. */
const v2 = (stages: readonly Stage[], stemChannels: number, inputPx: number, dropout: number): Variant => ({
  ...fullVariant,
  ...tensorflow,
  ...scaling(1, 1, inputPx, dropout),
  stages,
  stemChannels,
  leastKeptShare: 0,
  normalisation: plusMinusOne,
});

/**
 * The compound coefficients of B0 to B7: phi = 0 to 7 of https://arxiv.org/abs/1905.11946, rounded by its authors in
 * https://github.com/tensorflow/tpu/blob/master/models/official/efficientnet/efficientnet_builder.py
 */
const compoundScaling: Readonly<Record<string, Scaling>> = {
  // width, depth, input px, dropout
  b0: scaling(1.0, 1.0, 224, 0.2),
  b1: scaling(1.0, 1.1, 240, 0.2),
  b2: scaling(1.1, 1.2, 260, 0.3),
  b3: scaling(1.2, 1.4, 300, 0.3),
  b4: scaling(1.4, 1.8, 380, 0.4),
  b5: scaling(1.6, 2.2, 456, 0.4),
  b6: scaling(1.8, 2.6, 528, 0.5),
  b7: scaling(2.0, 3.1, 600, 0.5),
};

/**
 * By timm's architecture name; `tf_` means TensorFlow's "same" padding and a batch-norm epsilon of 1e-3. Sources of the
 * other lines: `efficientnet_lite_params` of lite/efficientnet_lite_builder.py beside the file above (input px as timm
 * has them), and effnetv2_configs.py of https://github.com/google/automl/tree/master/efficientnetv2
 */
const variants: ReadonlyMap<string, Variant> = new Map([
  ...Object.entries(compoundScaling).map(([name, compound]) => [`efficientnet_${name}`, b(pytorch, compound)] as const),
  ...Object.entries(compoundScaling).map(
    ([name, compound]) => [`tf_efficientnet_${name}`, b(tensorflow, compound)] as const,
  ),
  ["tf_efficientnet_lite0", lite(scaling(1.0, 1.0, 224, 0.2))],
  ["tf_efficientnet_lite1", lite(scaling(1.0, 1.1, 240, 0.2))],
  ["tf_efficientnet_lite2", lite(scaling(1.1, 1.2, 260, 0.3))],
  ["tf_efficientnet_lite3", lite(scaling(1.2, 1.4, 300, 0.3))],
  ["tf_efficientnet_lite4", lite(scaling(1.4, 1.8, 380, 0.3))],
  ["tf_efficientnetv2_b0", v2Base(scaling(1.0, 1.0, 224, 0.2))],
  ["tf_efficientnetv2_b1", v2Base(scaling(1.0, 1.1, 240, 0.2))],
  ["tf_efficientnetv2_b2", v2Base(scaling(1.1, 1.2, 260, 0.3))],
  ["tf_efficientnetv2_b3", v2Base(scaling(1.2, 1.4, 300, 0.3))],
  ["tf_efficientnetv2_s", v2(v2SmallStages, 24, 384, 0.2)],
  ["tf_efficientnetv2_m", v2(v2MediumStages, 24, 480, 0.3)],
  ["tf_efficientnetv2_l", v2(v2LargeStages, 32, 480, 0.4)],
]);

export const architectureNames: readonly string[] = [...variants.keys()];

/** The variant of that name. Throws MODEL_INVALID, with the nearest names, when there is none. */
export function variantOf(architecture: string): Variant {
  const variant = variants.get(architecture);
  if (variant) return variant;
  const nearest = nearestNames(architecture, architectureNames).join(", ");
  throw new LabelfleetError("MODEL_INVALID", `unknown architecture "${architecture}"; the nearest known: ${nearest}`);
}
