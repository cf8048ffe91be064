import { GraphBuilder, type Value } from "../onnx/graph-builder.js";
import { foldBatchNorm } from "../weights/batch-norm.js";
import type { Safetensors } from "../weights/safetensors.js";
import type { Block, ConvStep, Step } from "./blocks.js";
import { networkOf } from "./network.js";
import { outputSizePx, samePadding } from "./padding.js";

type Rgb = readonly [number, number, number];

/** Raised whenever the same options would give another graph: it is part of the cache key. */
export const builderVersion = 1;

export interface GraphOptions {
  /** timm's name, for instance "tf_efficientnet_lite0". */
  readonly architecture: string;
  /** Side of the square input, in pixels; padding depends on it. */
  readonly inputPx: number;
  /** The network sees (pixel / 255 - mean) / std. */
  readonly mean: Rgb;
  readonly std: Rgb;
  readonly numClasses: number;
  readonly activation: "softmax" | "sigmoid";
  readonly weights: Safetensors;
  readonly output: "probabilities" | "logits";
}

/** A tensor [N, channels, sizePx, sizePx] on its way through the network. */
interface FeatureMap {
  readonly value: Value;
  readonly sizePx: number;
}

/**
 * The ONNX file of a network: input `images`, uint8 [N, inputPx, inputPx, 3] (RGB, rows first), N free; output
 * `probabilities` or `logits`, float32 [N, numClasses]. Batch norms are folded into the convolutions, the
 * normalisation into the stem. Throws MODEL_INVALID naming a tensor that is missing, misshapen or not finite.
 */
export function buildGraph(options: GraphOptions): Uint8Array {
  const { inputPx, numClasses, weights } = options;
  const network = networkOf(options.architecture);
  const graph = new GraphBuilder();
  const emit = new StepEmitter(graph, weights, network.batchNormEpsilon);

  const images = graph.input("images", "uint8", ["N", inputPx, inputPx, 3]);
  let features: FeatureMap = { value: subtractMean(graph, images, options.mean), sizePx: inputPx };
  features = emit.conv(
    features,
    network.stem,
    options.std.map((std) => 1 / (255 * std)),
  );
  for (const [index, block] of network.blocks.entries()) features = emitBlock(graph, emit, features, block, index);
  features = emit.conv(features, network.head);

  const { name, inFeatures } = network.classifier;
  const pooled = graph.globalAveragePool("features", features.value);
  const weight = graph.constant(`${name}.weight`, weights.read(`${name}.weight`, [numClasses, inFeatures]), [
    numClasses,
    inFeatures,
  ]);
  const bias = graph.constant(`${name}.bias`, weights.read(`${name}.bias`, [numClasses]), [numClasses]);
  const logits = graph.linear("logits", pooled, weight, bias);
  const output = options.output === "logits" ? logits : graph[options.activation]("probabilities", logits);
  graph.output(output, "float32", ["N", numClasses]);
  return graph.encode(options.architecture);
}

/**
 * uint8 NHWC to float NCHW with the mean taken off. Transposing bytes first is the cheap order; dividing by 255 x std
 * is left to the stem's kernel. With the mean at zero, the convolutions' zero padding is what it was in training.
 */
function subtractMean(graph: GraphBuilder, images: Value, mean: Rgb): Value {
  const planes = graph.castToFloat("planes", graph.transposeToNchw("planes.u8", images));
  const [red, green, blue] = mean;
  const isGrey = red === green && green === blue;
  const values = Float32Array.from(isGrey ? [red] : mean, (channel) => channel * 255);
  return graph.subtract("centred", planes, graph.constant("mean", values, isGrey ? [] : [1, 3, 1, 1]));
}

function emitBlock(graph: GraphBuilder, emit: StepEmitter, input: FeatureMap, block: Block, index: number): FeatureMap {
  const output = block.steps.reduce((features, step) => emit.step(features, step), input);
  if (!block.residual) return output;
  return { ...output, value: graph.add(`block${index}.sum`, output.value, input.value) };
}

/** Turns steps into nodes, with the weights of the tensors they name. */
class StepEmitter {
  readonly #graph: GraphBuilder;
  readonly #weights: Safetensors;
  readonly #batchNormEpsilon: number;

  constructor(graph: GraphBuilder, weights: Safetensors, batchNormEpsilon: number) {
    this.#graph = graph;
    this.#weights = weights;
    this.#batchNormEpsilon = batchNormEpsilon;
  }

  step(input: FeatureMap, step: Step): FeatureMap {
    return this.conv(input, step);
  }

  /** `inputScale`: a factor per input channel, folded into the kernel as well. */
  conv(input: FeatureMap, step: ConvStep, inputScale?: readonly number[]): FeatureMap {
    const graph = this.#graph;
    const { kernelPx, stride, groups } = step;
    const shape = [step.outChannels, step.inChannels / groups, kernelPx, kernelPx];
    const { kernel, bias } = foldBatchNorm(
      this.#weights.read(`${step.conv}.weight`, shape),
      this.#batchNorm(step.batchNorm, step.outChannels),
      inputScale,
    );
    const value = graph.conv(
      step.conv,
      input.value,
      graph.constant(`${step.conv}.kernel`, kernel, shape),
      graph.constant(`${step.conv}.bias`, bias, [step.outChannels]),
      { kernelPx, stride, groups, padding: samePadding(input.sizePx, kernelPx, stride) },
    );
    const sizePx = outputSizePx(input.sizePx, stride);
    return { value: step.activation === "none" ? value : graph[step.activation](`${step.conv}.act`, value), sizePx };
  }

  #batchNorm(name: string, channels: number) {
    const read = (part: string) => this.#weights.read(`${name}.${part}`, [channels]);
    return {
      name,
      scale: read("weight"),
      shift: read("bias"),
      mean: read("running_mean"),
      variance: read("running_var"),
      epsilon: this.#batchNormEpsilon,
    };
  }
}
