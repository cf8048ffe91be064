import { LabelfleetError } from "@labelfleet/shared/errors";
import { checkActivation, checkNormalisation } from "./card-rules.js";
import type { ModelCard } from "./model-card.js";
import { GraphBuilder, type Value } from "./onnx/graph-builder.js";
import { ProtobufWriter } from "./onnx/protobuf.js";
import { readFields } from "./onnx/protobuf-reader.js";
import { graphField, model as modelField, type OnnxModel, type Port, readOnnxModel } from "./onnx/read-model.js";
import { endOf } from "./own-graph-end.js";
import { outputGives } from "./own-graph-output.js";

const elementTypes: Readonly<Record<number, "float32" | "uint8" | "float16">> = {
  1: "float32",
  2: "uint8",
  10: "float16",
};

/** How a graph of the user's own wants its images, and what it gives. */
export interface OwnGraphShape {
  readonly input: Port;
  readonly layout: "nchw" | "nhwc";
  readonly type: "float32" | "uint8" | "float16";
  readonly scores: Port;
  readonly embedding: Port | null;
}

/**
 * A graph of the user's own in the form that all others have: uint8 [N, px, px, 3] in, float32 [N, classes] probabilities
 * out, and the embedding after them where it is asked for. Nodes are put before and after the graph; itself it stays as it
 * is, byte for byte. What the card does not say about layout, type and output is read from the graph.
 *
 * @param rows what the graph with `output.gives` "probabilities" gave for a few images, where it was run
 * @param warn where the card contradicts the graph
 * @throws LabelfleetError MODEL_INVALID when card and graph disagree, or the graph is of another kind
 */
export function adaptOwnGraph(
  bytes: Uint8Array,
  card: ModelCard,
  source: string,
  withEmbedding: boolean,
  { rows = null, warn = () => {} }: { rows?: readonly Float32Array[] | null; warn?: (line: string) => void } = {},
): Uint8Array[] {
  const own = readOnnxModel(bytes, source);
  const shape = ownGraphShape(own, card, source);
  const gives = outputGives(card, { end: endOf(own, shape.scores.name), rows }, source, warn);
  if (gives === "logits") checkActivation(card.activation, card.numClasses, source);
  if (shape.type !== "uint8") checkNormalisation(card, source);
  const builder = new GraphBuilder();
  const images = builder.input("labelfleet.images", "uint8", ["N", card.inputPx, card.inputPx, 3]);
  prepareImages(builder, images, shape, card);
  const scores = scoresOf(builder, shape, gives, card);
  builder.output(scores, "float32", ["N", card.numClasses]);
  if (withEmbedding) {
    if (shape.embedding === null) {
      throw new LabelfleetError("MODEL_INVALID", `${source}: model.json names no output.embedding, so it has none`);
    }
    const flat = builder.flatten("labelfleet.embedding", { name: shape.embedding.name });
    builder.output(flat, "float32", ["N", lengthOf(shape.embedding, source)]);
  }
  return spliced(own, builder, shape.input.name);
}

/** What the card states of the graph, completed from the graph itself. Throws MODEL_INVALID where the two disagree. */
export function ownGraphShape(own: OnnxModel, card: ModelCard, source: string): OwnGraphShape {
  const invalid = (what: string) => new LabelfleetError("MODEL_INVALID", `${source}: ${what}`);
  const [input, ...others] = own.inputs;
  if (input === undefined || others.length > 0)
    throw invalid(`${own.inputs.length} inputs, expected one for the images`);
  const output = (name: string) => {
    const found = own.outputs.find((port) => port.name === name);
    if (found) return found;
    throw invalid(
      `no output "${name}" as model.json says; there is ${own.outputs.map((port) => port.name).join(", ")}`,
    );
  };
  const type = elementTypes[input.elementType];
  if (type === undefined) throw invalid(`input ${input.name} is neither float32, float16 nor uint8`);
  if (card.input?.type !== undefined && card.input.type !== type) {
    throw invalid(`input ${input.name} is ${type}, but model.json says ${card.input.type}`);
  }
  const layout = card.input?.layout ?? layoutOf(input);
  if (layout === undefined) throw invalid(`input ${input.name} has no clear layout: state input.layout in model.json`);
  const { inputPx, numClasses } = card;
  const expected = layout === "nchw" ? [null, 3, inputPx, inputPx] : [null, inputPx, inputPx, 3];
  checkShape(input, expected, invalid);
  const scores = card.output?.name === undefined ? own.outputs[0] : output(card.output.name);
  if (scores === undefined) throw invalid("the graph has no output");
  if (elementTypes[scores.elementType] === "uint8") throw invalid(`output ${scores.name} is not of floats`);
  checkShape(scores, [null, numClasses], invalid);
  return {
    ...{ input, layout, type, scores },
    embedding: card.output?.embedding === undefined ? null : output(card.output.embedding),
  };
}

function layoutOf({ shape }: Port): "nchw" | "nhwc" | undefined {
  if (shape?.[3] === 3) return "nhwc";
  return shape?.[1] === 3 ? "nchw" : undefined;
}

/** `expected` null: must be free, since any number of images may come at once. */
function checkShape(port: Port, expected: readonly (number | null)[], invalid: (what: string) => Error): void {
  const { name, shape } = port;
  if (shape === null) return;
  const written = (dimensions: readonly (number | null)[]) => `[${dimensions.map((size) => size ?? "N").join(", ")}]`;
  const differs = (size: number | null, axis: number) => size !== null && size !== expected[axis];
  if (shape.length !== expected.length || shape.some(differs)) {
    const hint = shape[0] === null ? "" : "; export it with a free batch dimension";
    throw invalid(`${name} is ${written(shape)}, but model.json asks for ${written(expected)}${hint}`);
  }
}

/** From `images` to the graph's own input, under that input's name. */
function prepareImages(builder: GraphBuilder, images: Value, shape: OwnGraphShape, card: ModelCard): void {
  const { layout, type, input } = shape;
  const channels = layout === "nchw" ? [1, 3, 1, 1] : [3];
  let value = layout === "nchw" ? builder.transposeToNchw("labelfleet.planes", images) : images;
  const isBgr = card.input?.channels === "bgr";
  if (isBgr) value = builder.reverseChannels("labelfleet.bgr", value, layout === "nchw" ? 1 : 3);
  if (type !== "uint8") {
    const ordered = (rgb: readonly number[]) => (isBgr ? rgb.toReversed() : rgb);
    const mean = Float32Array.from(ordered(card.mean), (channel) => channel * 255);
    const factor = Float32Array.from(ordered(card.std), (channel) => 1 / (255 * channel));
    value = builder.castToFloat("labelfleet.float", value);
    value = builder.subtract("labelfleet.centred", value, builder.constant("labelfleet.mean", mean, channels));
    value = builder.multiply("labelfleet.scaled", value, builder.constant("labelfleet.factor", factor, channels));
  }
  if (type === "float16") builder.castTo(input.name, value, "float16");
  else builder.identity(input.name, value);
}

function scoresOf(
  builder: GraphBuilder,
  { scores }: OwnGraphShape,
  gives: "logits" | "probabilities",
  card: ModelCard,
): Value {
  const floats = builder.castTo("labelfleet.scores", { name: scores.name }, "float32");
  if (gives === "probabilities") return floats;
  return builder[card.activation]("labelfleet.probabilities", floats);
}

/** Features of one image, when they come as [N, features] or [N, features, 1, 1]. */
export function lengthOf({ name, shape }: Port, source: string): number {
  const sizes = shape?.slice(1) ?? [];
  if (sizes.length > 0 && sizes.every((size) => size !== null)) return sizes.reduce((a, b) => a * b, 1);
  throw new LabelfleetError("MODEL_INVALID", `${source}: output ${name} has no fixed length`);
}

/** The own model with the builder's nodes and constants added, and the builder's inputs and outputs instead of its own. */
function spliced(own: OnnxModel, builder: GraphBuilder, inputName: string): Uint8Array[] {
  const added = readFields(Buffer.concat(builder.encode("labelfleet")), "labelfleet");
  const addedGraph = readFields(added.find(({ number }) => number === modelField.graph)!.bytes, "labelfleet");
  const addedNodes = addedGraph.filter(({ number }) => number === graphField.node);
  const isBefore = addedNodes.findIndex((node) => outputsOf(node.bytes).includes(inputName)) + 1;
  const ports: readonly number[] = [graphField.input, graphField.output];
  const isNode = ({ number }: { number: number }) => number === graphField.node;
  const graph = [
    // Nodes lie in the order of their data.
    ...addedNodes.slice(0, isBefore),
    ...own.graphFields.filter(isNode),
    ...addedNodes.slice(isBefore),
    ...own.graphFields.filter((field) => !isNode(field) && !ports.includes(field.number)),
    ...addedGraph.filter(({ number }) => number === graphField.initializer || ports.includes(number)),
  ];
  const writer = new ProtobufWriter();
  for (const field of own.fields) {
    if (field.number !== modelField.graph) writer.copied(field.raw);
    else writer.message(modelField.graph, (nested) => graph.reduce((to, { raw }) => to.copied(raw), nested));
  }
  return writer.pieces();
}

function outputsOf(node: Uint8Array): string[] {
  const isOutput = ({ number }: { number: number }) => number === 2;
  return readFields(node, "labelfleet")
    .filter(isOutput)
    .map(({ bytes }) => new TextDecoder().decode(bytes));
}
