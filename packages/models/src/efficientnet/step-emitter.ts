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
    const value = this.#graph.conv(
      name,
      input.value,
      this.#graph.constant(`${name}.kernel`, kernel, shape),
      this.#graph.constant(`${name}.bias`, bias, [outChannels]),
      { kernelPx, stride, groups, padding },
    );
    return {
      value: activation === "none" ? value : this.#activate(`${name}.act`, value, activation),
      sizePx: outputSizePx(input.sizePx, stride),
    };
  }

  #step(input: FeatureMap, step: Step): FeatureMap {
    return step.kind === "conv" ? this.conv(input, step) : this.#squeezeExcitation(input, step);
  }

  /** The squeezed layers see one pixel, so their 1x1 convolutions are linear layers, which onnxruntime runs faster. */
  #squeezeExcitation(input: FeatureMap, step: SqueezeExcitationStep): FeatureMap {
    const graph = this.#graph;
    const { name, channels, squeezedChannels, activation } = step;
    const pooled = graph.channelMeans(`${name}.pool`, input.value);
    const squeezed = this.#linear(`${name}.conv_reduce`, pooled, channels, squeezedChannels);
    const active = this.#activate(`${name}.act`, squeezed, activation);
    const excited = this.#linear(`${name}.conv_expand`, active, squeezedChannels, channels);
    const gate = graph.asChannelWeights(`${name}.gate`, graph.sigmoid(`${name}.sigmoid`, excited));
    return { ...input, value: graph.multiply(`${name}.out`, input.value, gate) };
  }

  #linear(name: string, input: Value, inChannels: number, outChannels: number): Value {
    const graph = this.#graph;
    const weight = this.#weights.read(`${name}.weight`, [outChannels, inChannels, 1, 1]);
    const bias = this.#weights.read(`${name}.bias`, [outChannels]);
    return graph.linear(
      name,
      input,
      graph.constant(`${name}.weight`, weight, [outChannels, inChannels]),
      graph.constant(`${name}.bias`, bias, [outChannels]),
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
