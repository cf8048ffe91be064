import type { Block, Step } from "./layers.js";
import { type Network, networkOf } from "./network.js";
import { outputSizePx } from "./padding.js";
import { variantOf } from "./variants.js";

/** What a part of a network costs one image. */
export interface Cost {
  /** Learned numbers: kernels, biases, batch-norm scales and shifts. Running statistics are not learned. */
  readonly parameters: number;
  /** Multiply-adds of convolutions and linear layers, which is how the EfficientNet paper counts (its FLOPS). */
  readonly multiplyAdds: number;
  /** The most numbers that lie in activations at once: a step's input and output, and what a shortcut keeps. */
  readonly peakActivations: number;
}

/** One row of `models show`. */
export interface StageCost extends Cost {
  readonly operator: string;
  /** Side of what comes in, in pixels, as in the paper's table 1. */
  readonly resolutionPx: number;
  readonly channels: number;
  readonly layers: number;
  readonly stride: number;
  /** Training only: drop-connect of the stage's first and last block; null where nothing is dropped by blocks. */
  readonly dropConnect: readonly [first: number, last: number] | null;
}

/** The network's stages with what each costs an image of `inputPx` x `inputPx`. Throws MODEL_INVALID on an unknown name. */
export function stageCosts(architecture: string, inputPx: number, numClasses = 1000): StageCost[] {
  const network = networkOf(architecture);
  const { stem, stages, head, classifier } = network;
  const rows: StageCost[] = [];
  let sizePx = inputPx;
  const add = (row: Omit<StageCost, keyof Cost | "resolutionPx">, blocks: readonly Block[]) => {
    const { outPx, ...cost } = costOfBlocks(blocks, sizePx);
    rows.push({ resolutionPx: sizePx, ...row, ...cost });
    sizePx = outPx;
  };
  const alone = (step: Step): Block[] => [{ steps: [step], residual: false }];

  const ends = { layers: 1, dropConnect: null };
  add({ operator: "Conv3x3", channels: stem.outChannels, stride: stem.stride, ...ends }, alone(stem));
  for (const { stage, outChannels, blocks, dropConnect } of stages) {
    add(
      {
        operator: operatorName(stage),
        channels: outChannels,
        layers: blocks.length,
        stride: stage.stride,
        dropConnect: [dropConnect[0]!, dropConnect.at(-1)!],
      },
      blocks,
    );
  }
  add({ operator: "Conv1x1", channels: head.outChannels, stride: 1, ...ends }, alone(head));
  rows.push({
    operator: "Pool, FC",
    resolutionPx: sizePx,
    channels: numClasses,
    stride: 1,
    ...ends,
    parameters: (classifier.inFeatures + 1) * numClasses,
    multiplyAdds: classifier.inFeatures * numClasses,
    peakActivations: classifier.inFeatures * (sizePx * sizePx + 1) + numClasses,
  });
  return rows;
}

/** The whole network. Throws MODEL_INVALID on an unknown architecture. */
export function totalCost(architecture: string, inputPx: number, numClasses = 1000): Cost {
  const rows = stageCosts(architecture, inputPx, numClasses);
  return {
    parameters: rows.reduce((sum, row) => sum + row.parameters, 0),
    multiplyAdds: rows.reduce((sum, row) => sum + row.multiplyAdds, 0),
    peakActivations: Math.max(...rows.map((row) => row.peakActivations)),
  };
}

/** Multiply-adds of one image of `inputPx` x `inputPx`. Throws MODEL_INVALID on an unknown architecture. */
export function multiplyAdds(architecture: string, inputPx: number, numClasses = 1000): number {
  return totalCost(architecture, inputPx, numClasses).multiplyAdds;
}

/** Learned numbers of the network, at whatever resolution. Throws MODEL_INVALID on an unknown architecture. */
export function parameterCount(architecture: string, numClasses = 1000): number {
  return totalCost(architecture, variantOf(architecture).inputPx, numClasses).parameters;
}

function operatorName({ operator, expansion, kernelPx }: Network["stages"][number]["stage"]): string {
  return `${operator === "mbconv" ? "MBConv" : "FusedMBConv"}${expansion}, ${kernelPx}x${kernelPx}`;
}

function costOfBlocks(blocks: readonly Block[], inputPx: number): Cost & { outPx: number } {
  const sum = { parameters: 0, multiplyAdds: 0, peakActivations: 0, outPx: inputPx };
  for (const { steps, residual } of blocks) {
    const kept = residual ? inChannelsOf(steps[0]!) * sum.outPx * sum.outPx : 0;
    for (const [index, step] of steps.entries()) {
      const cost = costOfStep(step, sum.outPx);
      sum.parameters += cost.parameters;
      sum.multiplyAdds += cost.multiplyAdds;
      // The first step reads what the shortcut keeps.
      sum.peakActivations = Math.max(sum.peakActivations, cost.activations + (index === 0 ? 0 : kept));
      sum.outPx = cost.outPx;
    }
  }
  return sum;
}

function costOfStep(step: Step, sizePx: number) {
  if (step.kind === "squeeze-excitation") {
    const { channels, squeezedChannels } = step;
    const weights = 2 * channels * squeezedChannels;
    return {
      parameters: weights + channels + squeezedChannels,
      multiplyAdds: weights,
      activations: 2 * channels * sizePx * sizePx,
      outPx: sizePx,
    };
  }
  const outPx = outputSizePx(sizePx, step.stride);
  const weights = step.outChannels * (step.inChannels / step.groups) * step.kernelPx * step.kernelPx;
  return {
    parameters: weights + 2 * step.outChannels,
    multiplyAdds: weights * outPx * outPx,
    activations: step.inChannels * sizePx * sizePx + step.outChannels * outPx * outPx,
    outPx,
  };
}

function inChannelsOf(step: Step): number {
  return step.kind === "conv" ? step.inChannels : step.channels;
}
