import { LabelfleetError } from "@labelfleet/shared/errors";
import { refuseOtherFormats } from "../weights/other-formats.js";
import { refuseExternalData } from "./external-data.js";
import { type Field, readFields, textOf } from "./protobuf-reader.js";

/** A tensor that goes into a graph or comes out of it. */
export interface Port {
  readonly name: string;
  /** TensorProto.DataType: 1 float32, 2 uint8, 10 float16. */
  readonly elementType: number;
  /** null where a dimension is free; null as a whole where the file does not say. */
  readonly shape: readonly (number | null)[] | null;
}

/** An operator of the graph. */
export interface OperatorNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  /** Of the attribute `axis`; undefined where the node has none. */
  readonly axis: number | undefined;
}

/** As much of an ONNX file as is needed to put nodes before and after its graph. */
export interface OnnxModel {
  readonly fields: readonly Field[];
  readonly graphFields: readonly Field[];
  /** Without the initializers that older files list among them. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The node that gives the named value; undefined where none does. */
  producerOf(value: string): OperatorNode | undefined;
}

/** @throws LabelfleetError MODEL_INVALID when it is not an ONNX file, or keeps weights in other files */
export function readOnnxModel(bytes: Uint8Array, source: string): OnnxModel {
  const invalid = (what: string) => new LabelfleetError("MODEL_INVALID", `${source}: ${what}`);
  refuseOtherFormats(bytes, source, "onnx");
  const fields = readFields(bytes, source);
  const [graph, ...others] = fields.filter(({ number }) => number === model.graph);
  if (!graph) throw invalid("no graph in it; is it an ONNX file?");
  // A reader of protobuf would join them.
  if (others.length > 0) throw invalid("more than one graph in it");
  refuseExternalData(bytes, source);
  const graphFields = readFields(graph.bytes, source);
  const all = (number: number) => graphFields.filter((field) => field.number === number).map(({ bytes: it }) => it);
  const initializers = new Set<string>();
  for (const initializer of all(graphField.initializer)) {
    const tensor = readFields(initializer, source);
    initializers.add(textOf(tensor.find(({ number }) => number === 8)));
  }
  const producers = new Map<string, OperatorNode>();
  for (const bytes of all(graphField.node)) {
    const { node, outputs } = readNode(bytes, source);
    for (const output of outputs) producers.set(output, node);
  }
  const ports = (number: number) => all(number).map((port) => readPort(port, source));
  return {
    fields,
    graphFields,
    inputs: ports(graphField.input).filter(({ name }) => !initializers.has(name)),
    outputs: ports(graphField.output),
    producerOf: (value) => producers.get(value),
  };
}

function readNode(bytes: Uint8Array, source: string): { node: OperatorNode; outputs: string[] } {
  const parts = readFields(bytes, source);
  const texts = (number: number) => parts.filter((field) => field.number === number).map(textOf);
  const attributes = parts
    .filter(({ number }) => number === nodeField.attribute)
    .map((field) => readFields(field.bytes, source));
  const nameOf = (attribute: readonly Field[]) => textOf(attribute.find(({ number }) => number === 1));
  const axis = attributes.find((attribute) => nameOf(attribute) === "axis")?.find(({ number }) => number === 3)?.value;
  return { node: { operator: texts(4).at(-1) ?? "", inputs: texts(1), axis }, outputs: texts(2) };
}

/** Field numbers of ModelProto and GraphProto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export const model = { graph: 7 } as const;
export const graphField = { node: 1, initializer: 5, input: 11, output: 12 } as const;
const nodeField = { attribute: 5 } as const;

function readPort(valueInfo: Uint8Array, source: string): Port {
  const parts = readFields(valueInfo, source);
  const nested = (fields: readonly Field[], number: number) => {
    const found = fields.find((field) => field.number === number);
    return found === undefined ? null : readFields(found.bytes, source);
  };
  const tensor = nested(nested(parts, 2) ?? [], 1) ?? [];
  const shape = nested(tensor, 2);
  return {
    name: textOf(parts.find(({ number }) => number === 1)),
    elementType: tensor.find(({ number }) => number === 1)?.value ?? 0,
    shape:
      shape?.map(({ bytes }) => readFields(bytes, source).find(({ number }) => number === 1)?.value ?? null) ?? null,
  };
}
