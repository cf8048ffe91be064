import type { GraphBuilder, Value } from "../onnx/graph-builder.js";
import { foldBatchNorm } from "../weights/batch-norm.js";
import type { Safetensors } from "../weights/safetensors.js";
import type { Block, ConvStep, SqueezeExcitationStep, Step } from "./layers.js";
import { outputSizePx, paddingOf } from "./padding.js";
import type { Activation, Convention } from "./variants.js";

/** A tensor [N, channels, sizePx, sizePx] on its way through the network. */
export interface FeatureMap {
  readonly value: Value;
  readonly sizePx: number;
}

/** Turns blocks and steps into nodes, with the weights of the tensors they name. */
export class StepEmitter {
  readonly #graph: GraphBuilder;
  readonly #weights: Safetensors;
  readonly #convention: Convention;

  constructor(graph: GraphBuilder, weights: Safetensors, convention: Convention) {
    this.#graph = graph;
    this.#weights = weights;
    this.#convention = convention;
  }

  block(input: FeatureMap, { steps, residual }: Block): FeatureMap {
    const output = steps.reduce((features, step) => this.#step(features, step), input);
    if (!residual) return output;
    return { ...output, value: this.#graph.add(`${output.value.name}.sum`, output.value, input.value) };
  }

  /** `inputScale`: a factor per input channel, folded into the kernel as well. */
  conv(input: FeatureMap, step: ConvStep, inputScale?: readonly number[]): FeatureMap {
    const { conv: name, kernelPx, stride, groups, outChannels, activation } = step;
    const shape = [outChannels, step.inChannels / groups, kernelPx, kernelPx];
    const { kernel, bias } = foldBatchNorm(
      this.#weights.read(`${name}.weight`, shape),
      this.#batchNorm(step.batchNorm, outChannels),
      inputScale,
    );
    const padding = paddingOf(this.#convention.padding, input.sizePx, kernelPx, stride);
    const value = this.#convolve(name, input.value, { kernel, bias, shape }, { kernelPx, stride, groups, padding });
    return {
      value: activation === "none" ? value : this.#activate(`${name}.act`, value, activation),
      sizePx: outputSizePx(input.sizePx, stride),
    };
  }

  #step(input: FeatureMap, step: Step): FeatureMap {
    return step.kind === "conv" ? this.conv(input, step) : this.#squeezeExcitation(input, step);
  }

  #squeezeExcitation(input: FeatureMap, step: SqueezeExcitationStep): FeatureMap {
    const graph = this.#graph;
    const { name, channels, squeezedChannels, activation } = step;
    const pooled = graph.globalAverage(`${name}.pool`, input.value);
    const squeezed = this.#dense(`${name}.conv_reduce`, pooled, channels, squeezedChannels);
    const active = this.#activate(`${name}.act`, squeezed, activation);
    const excited = this.#dense(`${name}.conv_expand`, active, squeezedChannels, channels);
    const gate = graph.sigmoid(`${name}.gate`, excited);
    return { ...input, value: graph.multiply(`${name}.out`, input.value, gate) };
  }

  /** A 1x1 convolution with a bias of its own, on one pixel. */
  #dense(name: string, input: Value, inChannels: number, outChannels: number): Value {
    const shape = [outChannels, inChannels, 1, 1];
    const kernel = this.#weights.read(`${name}.weight`, shape);
    const bias = this.#weights.read(`${name}.bias`, [outChannels]);
    const padding = { beforePx: 0, afterPx: 0 };
    return this.#convolve(name, input, { kernel, bias, shape }, { kernelPx: 1, stride: 1, groups: 1, padding });
  }

  #convolve(
    name: string,
    input: Value,
    { kernel, bias, shape }: { kernel: Float32Array; bias: Float32Array; shape: readonly number[] },
    options: Parameters<GraphBuilder["conv"]>[4],
  ): Value {
    const graph = this.#graph;
    return graph.conv(
      name,
      input,
      graph.constant(`${name}.kernel`, kernel, shape),
      graph.constant(`${name}.bias`, bias, [bias.length]),
      options,
    );
  }

  #activate(name: string, value: Value, activation: Activation): Value {
    return this.#graph[activation](name, value);
  }

  #batchNorm(name: string, channels: number) {
    const read = (part: string) => this.#weights.read(`${name}.${part}`, [channels]);
    return {
      name,
      scale: read("weight"),
      shift: read("bias"),
      mean: read("running_mean"),
      variance: read("running_var"),
      epsilon: this.#convention.batchNormEpsilon,
    };
  }
}
