import type { Activation } from "./variants.js";

/** A convolution without bias, its batch norm and, where there is one, its activation. */
export interface ConvStep {
  readonly kind: "conv";
  /** timm's tensor names are `<conv>.weight` and `<batchNorm>.weight | bias | running_mean | running_var`. */
  readonly conv: string;
  readonly batchNorm: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelPx: number;
  readonly stride: 1 | 2;
  /** 1, or `inChannels` for a depthwise convolution. */
  readonly groups: number;
  readonly activation: Activation | "none";
}

/** Weighs each channel by what the whole image looks like; see squeeze-excitation.ts. */
export interface SqueezeExcitationStep {
  readonly kind: "squeeze-excitation";
  /** Tensors `<name>.conv_reduce.weight | bias` and `<name>.conv_expand.weight | bias`. */
  readonly name: string;
  readonly channels: number;
  readonly squeezedChannels: number;
  readonly activation: Activation;
}

/** What happens inside a block, in order. */
export type Step = ConvStep | SqueezeExcitationStep;

export interface Block {
  readonly steps: readonly Step[];
  /** Whether the block's input is added to what its last step gives. */
  readonly residual: boolean;
}

export interface BlockShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelPx: number;
  readonly stride: 1 | 2;
  readonly expansion: number;
  readonly activation: Activation;
  readonly squeezes: boolean;
  /** What stages.ts says of its stage. */
  readonly expandsOutput?: boolean;
  readonly projects?: boolean;
  readonly noShortcut?: boolean;
}

/** The shortcut needs equal shapes on both sides. */
export function hasShortcut({ stride, inChannels, outChannels, noShortcut = false }: BlockShape): boolean {
  return stride === 1 && inChannels === outChannels && !noShortcut;
}

/** Tensor names of a convolution and its batch norm, relative to the block's own. */
type Names = readonly [conv: string, batchNorm: string];

export function convolution(
  block: string,
  [conv, batchNorm]: Names,
  shape: Pick<ConvStep, "inChannels" | "outChannels" | "kernelPx" | "stride" | "activation">,
  groups = 1,
): ConvStep {
  const prefix = block === "" ? "" : `${block}.`;
  return { kind: "conv", conv: prefix + conv, batchNorm: prefix + batchNorm, ...shape, groups };
}

/** 1x1: mixes channels, at each pixel alone. */
export function pointwise(
  block: string,
  names: Names,
  inChannels: number,
  outChannels: number,
  activation: ConvStep["activation"],
): ConvStep {
  return convolution(block, names, { inChannels, outChannels, kernelPx: 1, stride: 1, activation });
}

/** k x k on each channel alone. */
export function depthwise(
  block: string,
  names: Names,
  channels: number,
  { kernelPx, stride, activation }: Pick<BlockShape, "kernelPx" | "stride" | "activation">,
): ConvStep {
  const shape = { inChannels: channels, outChannels: channels, kernelPx, stride, activation };
  return convolution(block, names, shape, channels);
}
