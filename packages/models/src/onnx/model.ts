import { ProtobufWriter } from "./protobuf.js";

/** TensorProto.DataType of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export const dataTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10 } as const;
export type DataType = keyof typeof dataTypes;

/** A dimension: a fixed size, or the name of a free one. */
export type Dimension = number | string;

export interface ValueInfo {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly Dimension[];
}

/** An attribute: a float is written as `{ float: x }`, because JavaScript cannot tell 1.0 from 1. */
export type Attribute = number | readonly number[] | { readonly float: number };

export interface Node {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: DataType;
  /** Of float16, the bits. */
  readonly values: Float32Array | Uint16Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
}

/** Operator set 17 came with ONNX 1.12, whose files have IR version 8. */
const irVersion = 8;
const opsetVersion = 17;

/** A graph as the bytes of an ONNX ModelProto, in pieces. The numbers are the field numbers of onnx.proto. */
export function encodeModel(graph: Graph): Uint8Array[] {
  return new ProtobufWriter()
    .integer(1, irVersion)
    .string(2, "labelfleet")
    .message(7, (message) => writeGraph(message, graph))
    .message(8, (opset) => opset.string(1, "").integer(2, opsetVersion))
    .pieces();
}

function writeGraph(message: ProtobufWriter, graph: Graph): void {
  for (const node of graph.nodes) message.message(1, (nested) => writeNode(nested, node));
  message.string(2, graph.name);
  for (const initializer of graph.initializers) message.message(5, (nested) => writeTensor(nested, initializer));
  for (const input of graph.inputs) message.message(11, (nested) => writeValueInfo(nested, input));
  for (const output of graph.outputs) message.message(12, (nested) => writeValueInfo(nested, output));
}

function writeNode(message: ProtobufWriter, node: Node): void {
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  message.string(3, node.name).string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) {
    message.message(5, (nested) => writeAttribute(nested, name, value));
  }
}

const attributeTypes = { float: 1, int: 2, ints: 7 } as const;

function writeAttribute(message: ProtobufWriter, name: string, value: Attribute): void {
  message.string(1, name);
  if (typeof value === "number") message.integer(3, value).integer(20, attributeTypes.int);
  else if ("float" in value) message.float(2, value.float).integer(20, attributeTypes.float);
  else {
    for (const item of value) message.integer(8, item);
    message.integer(20, attributeTypes.ints);
  }
}

function writeTensor(message: ProtobufWriter, { name, shape, type, values }: Initializer): void {
  for (const size of shape) message.integer(1, size);
  message.integer(2, dataTypes[type]).string(8, name).bytes(9, littleEndianBytes(values));
}

function writeValueInfo(message: ProtobufWriter, { name, type, shape }: ValueInfo): void {
  message.string(1, name).message(2, (typeProto) =>
    typeProto.message(1, (tensor) =>
      tensor.integer(1, dataTypes[type]).message(2, (shapeProto) => {
        for (const size of shape) {
          shapeProto.message(1, (dimension) =>
            typeof size === "number" ? dimension.integer(1, size) : dimension.string(2, size),
          );
        }
      }),
    ),
  );
}

/** raw_data is little-endian, and so is every machine that Node 20 and onnxruntime-node both run on. */
function littleEndianBytes(values: Initializer["values"]): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
