/** One row of the paper's table 1: a run of equal blocks, of which the first has the stride and changes the width. */
export interface Stage {
  readonly operator: "mbconv" | "fused-mbconv";
  /** Hidden channels per input channel; 1 means that there is nothing to widen. */
  readonly expansion: number;
  readonly kernelPx: number;
  readonly stride: 1 | 2;
  readonly channels: number;
  readonly layers: number;
  /** Of a fused stage: hidden channels are counted from its output, not from what comes in (EdgeTPU's first). */
  readonly expandsOutput?: true;
  /** Of a fused stage whose expansion is 1: the 1x1 projection is there all the same. */
  readonly projects?: true;
  /** The input is added nowhere, whatever the shapes. */
  readonly noShortcut?: true;
}

type Row = readonly [expansion: number, kernelPx: number, stride: 1 | 2, channels: number, layers: number];

function mbConvs(...[expansion, kernelPx, stride, channels, layers]: Row): Stage {
  return { operator: "mbconv", expansion, kernelPx, stride, channels, layers };
}

function fused(...[expansion, kernelPx, stride, channels, layers]: Row): Stage {
  return { operator: "fused-mbconv", expansion, kernelPx, stride, channels, layers };
}

/** EfficientNet-B0, which all of B0 to B7 and Lite are scaled from: table 1 of https://arxiv.org/abs/1905.11946. */
export const b0Stages: readonly Stage[] = [
  // expansion, kernel, stride, channels, layers
  mbConvs(1, 3, 1, 16, 1),
  mbConvs(6, 3, 2, 24, 2),
  mbConvs(6, 5, 2, 40, 2),
  mbConvs(6, 3, 2, 80, 3),
  mbConvs(6, 5, 1, 112, 3),
  mbConvs(6, 5, 2, 192, 4),
  mbConvs(6, 3, 1, 320, 1),
];

/**
 * EfficientNetV2 (https://arxiv.org/abs/2104.00298): `v2_base_block`, `v2_s_block`, `v2_m_block` and `v2_l_block` of
 * https://github.com/google/automl/blob/master/efficientnetv2/effnetv2_configs.py. B0 to B3 are scaled from the first.
 */
export const v2BaseStages: readonly Stage[] = [
  fused(1, 3, 1, 16, 1),
  fused(4, 3, 2, 32, 2),
  fused(4, 3, 2, 48, 2),
  mbConvs(4, 3, 2, 96, 3),
  mbConvs(6, 3, 1, 112, 5),
  mbConvs(6, 3, 2, 192, 8),
];

export const v2SmallStages: readonly Stage[] = [
  fused(1, 3, 1, 24, 2),
  fused(4, 3, 2, 48, 4),
  fused(4, 3, 2, 64, 4),
  mbConvs(4, 3, 2, 128, 6),
  mbConvs(6, 3, 1, 160, 9),
  mbConvs(6, 3, 2, 256, 15),
];

export const v2MediumStages: readonly Stage[] = [
  fused(1, 3, 1, 24, 3),
  fused(4, 3, 2, 48, 5),
  fused(4, 3, 2, 80, 5),
  mbConvs(4, 3, 2, 160, 7),
  mbConvs(6, 3, 1, 176, 14),
  mbConvs(6, 3, 2, 304, 18),
  mbConvs(6, 3, 1, 512, 5),
];

export const v2LargeStages: readonly Stage[] = [
  fused(1, 3, 1, 32, 4),
  fused(4, 3, 2, 64, 7),
  fused(4, 3, 2, 96, 7),
  mbConvs(4, 3, 2, 192, 10),
  mbConvs(6, 3, 1, 224, 19),
  mbConvs(6, 3, 2, 384, 25),
  mbConvs(6, 3, 1, 640, 7),
];

/** timm's V2 of before the authors' code was public: the first stage has two convolutions a block, the last is wider. */
export const v2RwSmallStages: readonly Stage[] = [
  { ...fused(1, 3, 1, 24, 2), projects: true },
  ...v2SmallStages.slice(1, -1),
  mbConvs(6, 3, 2, 272, 15),
];

/** The same, deeper by 1.2 and in the last two stages by 1.6: no one factor says that, so the layers are written out. */
export const v2RwMediumStages: readonly Stage[] = [
  { ...fused(1, 3, 1, 24, 3), projects: true },
  fused(4, 3, 2, 48, 5),
  fused(4, 3, 2, 64, 5),
  mbConvs(4, 3, 2, 128, 8),
  mbConvs(6, 3, 1, 160, 15),
  mbConvs(6, 3, 2, 272, 24),
];

export const v2ExtraLargeStages: readonly Stage[] = [
  fused(1, 3, 1, 32, 4),
  fused(4, 3, 2, 64, 8),
  fused(4, 3, 2, 96, 8),
  mbConvs(4, 3, 2, 192, 16),
  mbConvs(6, 3, 1, 256, 24),
  mbConvs(6, 3, 2, 512, 32),
  mbConvs(6, 3, 1, 640, 8),
];

/**
 * EfficientNet-EdgeTPU:
 * https://github.com/tensorflow/tpu/blob/master/models/official/efficientnet/edgetpu/efficientnet_edgetpu_builder.py
 */
export const edgeStages: readonly Stage[] = [
  { ...fused(4, 3, 1, 24, 1), expandsOutput: true, noShortcut: true },
  fused(8, 3, 2, 32, 2),
  fused(8, 3, 2, 48, 4),
  mbConvs(8, 5, 2, 96, 5),
  mbConvs(8, 5, 1, 144, 4),
  mbConvs(8, 5, 2, 192, 2),
];

/** timm's network for tests: each kind of block once. */
export const testStages: readonly Stage[] = [
  fused(1, 3, 1, 16, 1),
  fused(4, 3, 2, 24, 1),
  fused(4, 3, 2, 32, 1),
  mbConvs(4, 3, 2, 48, 1),
  mbConvs(4, 3, 2, 64, 1),
];
