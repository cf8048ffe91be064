import { checkActivation, checkNormalisation } from "../card-rules.js";
import { GraphBuilder, type Precision, type Value } from "../onnx/graph-builder.js";
import { encodeModel, type Graph } from "../onnx/model.js";
import type { Safetensors } from "../weights/safetensors.js";
import type { ModelArgs } from "./model-args.js";
import { networkOf } from "./network.js";
import { StepEmitter } from "./step-emitter.js";
import type { Pooling } from "./variants.js";

type Rgb = readonly [number, number, number];

/** What a graph can give: rows of classes, raw or through the head's activation, or the pooled features before them. */
export const outputNames = ["probabilities", "logits", "embedding"] as const;
export type OutputName = (typeof outputNames)[number];

export interface GraphOptions {
  /** timm's name, for instance "tf_efficientnet_lite0". */
  readonly architecture: string;
  /** What the network has otherwise than the architecture's table says. */
  readonly modelArgs?: ModelArgs | undefined;
  /** Side of the square input, in pixels; padding depends on it. */
  readonly inputPx: number;
  /** The network sees (pixel / 255 - mean) / std. */
  readonly mean: Rgb;
  readonly std: Rgb;
  readonly numClasses: number;
  /** What turns logits into probabilities: sigmoid for heads whose classes do not exclude each other. */
  readonly activation: "softmax" | "sigmoid";
  readonly weights: Safetensors;
  /** In this order. */
  readonly outputs: readonly OutputName[];
  /** Of weights and arithmetic between the uint8 input and the outputs, which are float32 either way. */
  readonly precision: Precision;
}

/**
 * The ONNX file of a network, in pieces: input `images`, uint8 [N, inputPx, inputPx, 3] (RGB, rows first), N free; outputs
 * `probabilities` and `logits` float32 [N, numClasses], `embedding` float32 [N, features]. Batch norms are folded into the
 * convolutions, the normalisation into the stem. Throws MODEL_INVALID naming a tensor that is missing, misshapen or not
 * finite, a mean or std of another scale, and a softmax over one class.
 */
export function buildGraph(options: GraphOptions): Uint8Array[] {
  return encodeModel(networkGraph(options));
}

/** The same as data, before it is a file. */
export function networkGraph(options: GraphOptions): Graph {
  const { inputPx, std, outputs } = options;
  checkNormalisation(options, options.architecture);
  const { variant, stem, stages, head, classifier } = networkOf(options.architecture, options.modelArgs);
  const graph = new GraphBuilder(options.precision);
  const emit = new StepEmitter(graph, options.weights, variant);

  const images = graph.input("images", "uint8", ["N", inputPx, inputPx, 3]);
  let features = { value: subtractMean(graph, images, options.mean), sizePx: inputPx };
  features = emit.conv(
    features,
    stem,
    std.map((channel) => 1 / (255 * channel)),
  );
  for (const { blocks } of stages) for (const block of blocks) features = emit.block(features, block);
  features = emit.conv(features, head);

  const embedding = pool(graph, features.value, variant.pooling);
  if (outputs.includes("embedding")) {
    graph.output(graph.toFloat32("embedding", embedding), "float32", ["N", classifier.inFeatures]);
  }
  if (outputs.some((output) => output !== "embedding")) emitClassifier(graph, embedding, classifier, options);
  return graph.finish(options.architecture, outputs);
}

function pool(graph: GraphBuilder, features: Value, pooling: Pooling): Value {
  if (pooling === "avg") return graph.globalAveragePool("features", features);
  if (pooling === "max") return graph.globalMaxPool("features", features);
  const average = graph.globalAveragePool("features.average", features);
  const sum = graph.add("features.sum", average, graph.globalMaxPool("features.max", features));
  return graph.multiply("features", sum, graph.constant("half", half, []));
}

const half = Float32Array.of(0.5);

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

function emitClassifier(
  graph: GraphBuilder,
  embedding: Value,
  { name, inFeatures }: { name: string; inFeatures: number },
  { architecture, weights, numClasses, activation, outputs }: GraphOptions,
): void {
  const shape = [numClasses, inFeatures];
  const weight = graph.constant(`${name}.weight`, weights.read(`${name}.weight`, shape), shape);
  const bias = graph.constant(`${name}.bias`, weights.read(`${name}.bias`, [numClasses]), [numClasses]);
  const logits = graph.toFloat32("logits", graph.linear("scores", embedding, weight, bias));
  if (outputs.includes("logits")) graph.output(logits, "float32", ["N", numClasses]);
  if (outputs.includes("probabilities")) {
    checkActivation(activation, numClasses, architecture);
    graph.output(graph[activation]("probabilities", logits), "float32", ["N", numClasses]);
  }
}
