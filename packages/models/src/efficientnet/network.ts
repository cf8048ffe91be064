import { type Block, type ConvStep, depthwiseSeparable, mbConv, pointwise } from "./blocks.js";
import { scaleChannels, scaleRepeats } from "./scaling.js";
import { type Stage, type Variant, variantOf } from "./variants.js";

/** A whole network as plain data: what `graph.ts` emits and `cost.ts` counts. */
export interface Network {
  readonly stem: ConvStep;
  readonly blocks: readonly Block[];
  readonly head: ConvStep;
  /** The linear layer after global average pooling: tensors `<name>.weight` [classes, features] and `<name>.bias`. */
  readonly classifier: { readonly name: string; readonly inFeatures: number };
  readonly batchNormEpsilon: number;
}

/** Spells out a variant: every layer with its final width, name and stride. Throws MODEL_INVALID on an unknown name. */
export function networkOf(architecture: string): Network {
  const variant = variantOf(architecture);
  const endChannels = (channels: number) => (variant.scalesEnds ? scaleChannels(channels, variant.width) : channels);
  const stemChannels = endChannels(variant.stemChannels);
  const headChannels = endChannels(variant.headChannels);
  const blocks: Block[] = [];
  let channels = stemChannels;
  for (const [stageIndex, stage] of variant.stages.entries()) {
    const outChannels = scaleChannels(stage.outChannels, variant.width);
    for (let blockIndex = 0; blockIndex < repeatsOf(variant, stageIndex, stage); blockIndex++) {
      const build = stage.block === "mbconv" ? mbConv : depthwiseSeparable;
      blocks.push(
        build(`blocks.${stageIndex}.${blockIndex}`, {
          inChannels: channels,
          outChannels,
          kernelPx: stage.kernelPx,
          stride: blockIndex === 0 ? stage.stride : 1,
          expansion: stage.expansion,
          activation: variant.activation,
        }),
      );
      channels = outChannels;
    }
  }
  return {
    stem: {
      kind: "conv",
      conv: "conv_stem",
      batchNorm: "bn1",
      inChannels: 3,
      outChannels: stemChannels,
      kernelPx: 3,
      stride: 2,
      groups: 1,
      activation: variant.activation,
    },
    blocks,
    head: pointwise("conv_head", "bn2", channels, headChannels, variant.activation),
    classifier: { name: "classifier", inFeatures: headChannels },
    batchNormEpsilon: variant.batchNormEpsilon,
  };
}

function repeatsOf(variant: Variant, stageIndex: number, stage: Stage): number {
  const isEnd = stageIndex === 0 || stageIndex === variant.stages.length - 1;
  return isEnd && !variant.scalesEnds ? stage.repeats : scaleRepeats(stage.repeats, variant.depth);
}
