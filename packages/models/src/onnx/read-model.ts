import { LabelfleetError } from "@labelfleet/shared/errors";
import { type Field, readFields, textOf } from "./protobuf-reader.js";

/** A tensor that goes into a graph or comes out of it. */
export interface Port {
  readonly name: string;
  /** TensorProto.DataType: 1 float32, 2 uint8, 10 float16. */
  readonly elementType: number;
  /** null where a dimension is free; null as a whole where the file does not say. */
  readonly shape: readonly (number | null)[] | null;
}

/** As much of an ONNX file as is needed to put nodes before and after its graph. */
export interface OnnxModel {
  readonly fields: readonly Field[];
  readonly graphFields: readonly Field[];
  /** Without the initializers that older files list among them. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The operator that gives the named value; undefined where none does. */
  producerOf(value: string): string | undefined;
}

/** @throws LabelfleetError MODEL_INVALID when it is not an ONNX file, or keeps weights in other files */
export function readOnnxModel(bytes: Uint8Array, source: string): OnnxModel {
  const fields = readFields(bytes, source);
  const graph = fields.find(({ number }) => number === model.graph);
  if (!graph) throw new LabelfleetError("MODEL_INVALID", `${source}: no graph in it; is it an ONNX file?`);
  const graphFields = readFields(graph.bytes, source);
  const all = (number: number) => graphFields.filter((field) => field.number === number).map(({ bytes: it }) => it);
  const initializers = new Set<string>();
  for (const initializer of all(graphField.initializer)) {
    const tensor = readFields(initializer, source);
    if (tensor.some(({ number, value }) => number === 14 && value === 1)) {
      throw new LabelfleetError("MODEL_INVALID", `${source}: its weights lie in other files; save it as one file`);
    }
    initializers.add(textOf(tensor.find(({ number }) => number === 8)));
  }
  const operators = new Map<string, string>();
  for (const node of all(graphField.node)) {
    const parts = readFields(node, source);
    const operator = textOf(parts.find(({ number }) => number === 4));
    for (const output of parts.filter(({ number }) => number === 2)) operators.set(textOf(output), operator);
  }
  const ports = (number: number) => all(number).map((port) => readPort(port, source));
  return {
    fields,
    graphFields,
    inputs: ports(graphField.input).filter(({ name }) => !initializers.has(name)),
    outputs: ports(graphField.output),
    producerOf: (value) => operators.get(value),
  };
}

/** Field numbers of ModelProto and GraphProto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export const model = { graph: 7 } as const;
export const graphField = { node: 1, initializer: 5, input: 11, output: 12 } as const;

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
