import {
  b0Stages,
  edgeStages,
  type Stage,
  testStages,
  v2BaseStages,
  v2ExtraLargeStages,
  v2LargeStages,
  v2MediumStages,
  v2RwMediumStages,
  v2RwSmallStages,
  v2SmallStages,
} from "./stages.js";
import type { Convention, Normalisation, Variant } from "./variants.js";

const imageNet: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const plusMinusOne: Normalisation = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

const pytorch: Convention = { padding: "symmetric", batchNormEpsilon: 1e-5 };
const tensorflow: Convention = { padding: "same", batchNormEpsilon: 1e-3 };

const everyVariant = {
  stemChannels: 32,
  headChannels: 1280,
  dropConnect: 0.2,
  normalisation: imageNet,
  pooling: "avg",
  leastKeptShare: 0.9,
} as const;
/** B0 to B8, L2 and V2; Lite leaves out what is slow on small devices, and so does EdgeTPU's. */
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
});

const lite = (convention: Convention, compound: Scaling, normalisation: Normalisation): Variant => ({
  ...everyVariant,
  ...convention,
  ...compound,
  stages: b0Stages,
  scalesEnds: false,
  squeezes: false,
  activation: "relu6",
  normalisation,
});

const edge = (convention: Convention, compound: Scaling, normalisation: Normalisation): Variant => ({
  ...fullVariant,
  ...convention,
  ...compound,
  stages: edgeStages,
  squeezes: false,
  activation: "relu",
  normalisation,
});

const v2Base = (compound: Scaling): Variant => ({
  ...fullVariant,
  ...tensorflow,
  ...compound,
  stages: v2BaseStages,
  leastKeptShare: 0,
});

/** S, M, L and XL are not scaled from a base: each has a stage table of its own. */
const v2 = (
  convention: Convention,
  stages: readonly Stage[],
  stemChannels: number,
  inputPx: number,
  dropout: number,
): Variant => ({
  ...fullVariant,
  ...convention,
  ...scaling(1, 1, inputPx, dropout),
  stages,
  stemChannels,
  normalisation: convention === tensorflow ? plusMinusOne : imageNet,
});

/**
 * The compound coefficients: phi = 0 to 7 of https://arxiv.org/abs/1905.11946, rounded by its authors, and the two larger
 * ones of their later articles (`efficientnet-b8`, `efficientnet-l2`), all in
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
  b8: scaling(2.2, 3.6, 672, 0.5),
  l2: scaling(4.3, 5.3, 800, 0.5),
};

/** `efficientnet_lite_params` of lite/efficientnet_lite_builder.py beside the file above; input px as timm has them. */
const liteScaling: Readonly<Record<string, Scaling>> = {
  lite0: scaling(1.0, 1.0, 224, 0.2),
  lite1: scaling(1.0, 1.1, 240, 0.2),
  lite2: scaling(1.1, 1.2, 260, 0.3),
  lite3: scaling(1.2, 1.4, 300, 0.3),
  lite4: scaling(1.4, 1.8, 380, 0.3),
};

/** `efficientnet_edgetpu_params` of edgetpu/efficientnet_edgetpu_builder.py beside the file above. */
const edgeScaling: Readonly<Record<string, Scaling>> = {
  es: scaling(1.0, 1.0, 224, 0.2),
  em: scaling(1.0, 1.1, 240, 0.2),
  el: scaling(1.2, 1.4, 300, 0.3),
};

type Named = readonly [name: string, variant: Variant];
const eachOf = (table: Readonly<Record<string, Scaling>>, make: (name: string, compound: Scaling) => Named[]) =>
  Object.entries(table).flatMap(([name, compound]) => make(name, compound));

/**
 * By timm's architecture name; `tf_` means TensorFlow's "same" padding and a batch-norm epsilon of 1e-3. Sources of the
 * other lines: effnetv2_configs.py of https://github.com/google/automl/tree/master/efficientnetv2, and for `rw` and `test`
 * timm/models/efficientnet.py.
 */
export const variants: ReadonlyMap<string, Variant> = new Map<string, Variant>([
  ...eachOf(compoundScaling, (name, compound) => [[`efficientnet_${name}`, b(pytorch, compound)]]),
  ...eachOf(compoundScaling, (name, compound) => [[`tf_efficientnet_${name}`, b(tensorflow, compound)]]),
  ...eachOf(liteScaling, (name, compound) => [[`tf_efficientnet_${name}`, lite(tensorflow, compound, plusMinusOne)]]),
  ["tf_efficientnetv2_b0", v2Base(scaling(1.0, 1.0, 224, 0.2))],
  ["tf_efficientnetv2_b1", v2Base(scaling(1.0, 1.1, 240, 0.2))],
  ["tf_efficientnetv2_b2", v2Base(scaling(1.1, 1.2, 260, 0.3))],
  ["tf_efficientnetv2_b3", v2Base(scaling(1.2, 1.4, 300, 0.3))],
  ["tf_efficientnetv2_s", v2(tensorflow, v2SmallStages, 24, 384, 0.2)],
  ["tf_efficientnetv2_m", v2(tensorflow, v2MediumStages, 24, 480, 0.3)],
  ["tf_efficientnetv2_l", v2(tensorflow, v2LargeStages, 32, 480, 0.4)],
  ["tf_efficientnetv2_xl", v2(tensorflow, v2ExtraLargeStages, 32, 512, 0.4)],
  ...eachOf(liteScaling, (name, compound) => [[`efficientnet_${name}`, lite(pytorch, compound, imageNet)]]),
  ["efficientnetv2_s", v2(pytorch, v2SmallStages, 24, 384, 0.2)],
  ["efficientnetv2_m", v2(pytorch, v2MediumStages, 24, 416, 0.3)],
  ["efficientnetv2_l", v2(pytorch, v2LargeStages, 32, 480, 0.4)],
  ["efficientnetv2_xl", v2(pytorch, v2ExtraLargeStages, 32, 512, 0.4)],
  ["efficientnetv2_rw_t", { ...v2(pytorch, v2SmallStages, 24, 288, 0.2), width: 0.8, depth: 0.9 }],
  ["efficientnetv2_rw_s", { ...v2(pytorch, v2RwSmallStages, 24, 384, 0.2), headChannels: 1792 }],
  ["efficientnetv2_rw_m", { ...v2(pytorch, v2RwMediumStages, 24, 416, 0.3), width: 1.2, headChannels: 1792 }],
  ...eachOf(edgeScaling, (name, compound) => [
    [`efficientnet_${name}`, edge(pytorch, compound, imageNet)],
    [`tf_efficientnet_${name}`, edge(tensorflow, compound, plusMinusOne)],
  ]),
  // Weights of which three quarters are zero: the network is as large as the other.
  ["efficientnet_es_pruned", edge(pytorch, edgeScaling.es!, imageNet)],
  ["efficientnet_el_pruned", edge(pytorch, edgeScaling.el!, imageNet)],
  [
    "test_efficientnet",
    { ...v2Base(scaling(1, 1, 160, 0)), ...pytorch, stages: testStages, stemChannels: 24, headChannels: 256 },
  ],
]);
