import { fusedMbConv } from "./fused-mbconv.js";
import { type Block, type ConvStep, convolution, pointwise } from "./layers.js";
import { mbConv } from "./mbconv.js";
import type { ModelArgs } from "./model-args.js";
import { dropConnectOf, scaleChannels, scaleRepeats } from "./scaling.js";
import type { Stage } from "./stages.js";
import { type Variant, variantOf } from "./variants.js";

export interface NetworkStage {
  readonly stage: Stage;
  /** After scaling. */
  readonly outChannels: number;
  readonly blocks: readonly Block[];
  /** Training only: the drop-connect rate of each block. */
  readonly dropConnect: readonly number[];
}

/** A whole network as plain data: what `graph.ts` emits and `cost.ts` counts. */
export interface Network {
  readonly variant: Variant;
  readonly stem: ConvStep;
  readonly stages: readonly NetworkStage[];
  readonly head: ConvStep;
  /** The linear layer after global average pooling: tensors `<name>.weight` [classes, features] and `<name>.bias`. */
  readonly classifier: { readonly name: string; readonly inFeatures: number };
}

/** Spells out a variant: every layer with its final width, name and stride. Throws MODEL_INVALID on an unknown name. */
export function networkOf(architecture: string, modelArgs: ModelArgs = {}): Network {
  const variant = variantOf(architecture, modelArgs);
  const { width, leastKeptShare, activation } = variant;
  const widen = (channels: number) => scaleChannels(channels, width, leastKeptShare);
  const widenEnd = (channels: number) => (variant.scalesEnds ? widen(channels) : channels);
  const stemChannels = widenEnd(variant.stemChannels);
  const headChannels = widenEnd(variant.headChannels);
  const layers = variant.stages.map((stage, index) => layersOf(variant, stage, index));
  const allBlocks = layers.reduce((sum, count) => sum + count, 0);

  const stages: NetworkStage[] = [];
  let blocksBefore = 0;
  let inChannels = stemChannels;
  for (const [stageIndex, stage] of variant.stages.entries()) {
    const outChannels = widen(stage.channels);
    const build = stage.operator === "mbconv" ? mbConv : fusedMbConv;
    const blocks = Array.from({ length: layers[stageIndex]! }, (_, index) =>
      build(`blocks.${stageIndex}.${index}`, {
        inChannels: index === 0 ? inChannels : outChannels,
        outChannels,
        kernelPx: stage.kernelPx,
        stride: index === 0 ? stage.stride : 1,
        expansion: stage.expansion,
        activation,
        squeezes: variant.squeezes,
        expandsOutput: stage.expandsOutput ?? false,
        projects: stage.projects ?? false,
        noShortcut: stage.noShortcut ?? false,
      }),
    );
    const dropConnect = blocks.map((_, index) => dropConnectOf(blocksBefore + index, allBlocks, variant.dropConnect));
    stages.push({ stage, outChannels, blocks, dropConnect });
    blocksBefore += blocks.length;
    inChannels = outChannels;
  }
  return {
    variant,
    stem: convolution("", ["conv_stem", "bn1"], {
      inChannels: 3,
      outChannels: stemChannels,
      kernelPx: 3,
      stride: 2,
      activation,
    }),
    stages,
    head: pointwise("", ["conv_head", "bn2"], inChannels, headChannels, activation),
    classifier: { name: "classifier", inFeatures: headChannels },
  };
}

/** Scaled repeats of a stage, but for the ends where they stay. */
function layersOf(variant: Variant, stage: Stage, stageIndex: number): number {
  const isEnd = stageIndex === 0 || stageIndex === variant.stages.length - 1;
  return isEnd && !variant.scalesEnds ? stage.layers : scaleRepeats(stage.layers, variant.depth);
}
