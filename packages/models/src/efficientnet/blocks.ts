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

/** What happens inside a block, in order. The only place that grows when a new kind of layer comes. */
export type Step = ConvStep;

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
}

/**
 * The inverted bottleneck of MobileNetV2 (https://arxiv.org/abs/1801.04381): widen (1x1), filter each channel (k x k
 * depthwise), narrow again (1x1, no activation); the input is added where shape and resolution stay.
 */
export function mbConv(name: string, shape: BlockShape): Block {
  const { inChannels, outChannels, kernelPx, stride, activation } = shape;
  const hidden = inChannels * shape.expansion;
  return {
    residual: stride === 1 && inChannels === outChannels,
    steps: [
      pointwise(`${name}.conv_pw`, `${name}.bn1`, inChannels, hidden, activation),
      depthwise(`${name}.conv_dw`, `${name}.bn2`, hidden, kernelPx, stride, activation),
      pointwise(`${name}.conv_pwl`, `${name}.bn3`, hidden, outChannels, "none"),
    ],
  };
}

/** MBConv with an expansion of 1: nothing to widen, so timm calls its narrowing convolution `conv_pw`. */
export function depthwiseSeparable(name: string, shape: BlockShape): Block {
  const { inChannels, outChannels, kernelPx, stride, activation } = shape;
  return {
    residual: stride === 1 && inChannels === outChannels,
    steps: [
      depthwise(`${name}.conv_dw`, `${name}.bn1`, inChannels, kernelPx, stride, activation),
      pointwise(`${name}.conv_pw`, `${name}.bn2`, inChannels, outChannels, "none"),
    ],
  };
}

export function pointwise(
  conv: string,
  batchNorm: string,
  inChannels: number,
  outChannels: number,
  activation: ConvStep["activation"],
): ConvStep {
  return { kind: "conv", conv, batchNorm, inChannels, outChannels, kernelPx: 1, stride: 1, groups: 1, activation };
}

function depthwise(
  conv: string,
  batchNorm: string,
  channels: number,
  kernelPx: number,
  stride: 1 | 2,
  activation: Activation,
): ConvStep {
  return {
    kind: "conv",
    conv,
    batchNorm,
    inChannels: channels,
    outChannels: channels,
    kernelPx,
    stride,
    groups: channels,
    activation,
  };
}
