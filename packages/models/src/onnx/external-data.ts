import { LabelfleetError } from "@labelfleet/shared/errors";
import { readFields } from "./protobuf-reader.js";

type Message = "model" | "training" | "function" | "graph" | "node" | "attribute" | "sparse" | "tensor";

/**
 * The fields of each message that lead to tensors, by number: everywhere a tensor can stand in a file
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
const leadsTo: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: "graph", 20: "training", 25: "function" },
  training: { 1: "graph", 2: "graph" },
  function: { 7: "node", 11: "attribute" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
};

/** Of TensorProto: key-value pairs with a path, and where the data is: 0 is "in this file". */
const externalData = 13;
const dataLocation = 14;

/** Of bodies of If, Loop and Scan within each other; exporters make two or three. */
const maxDepth = 64;

/**
 * onnxruntime reads other files that a tensor names, from any path. Any data location but "in this file" is refused, also those
 * that only become "external" when they are cut to 32 bits.
 *
 * @throws LabelfleetError MODEL_INVALID when a tensor anywhere in the file keeps its data in another one
 */
export function refuseExternalData(bytes: Uint8Array, source: string): void {
  const invalid = (what: string) => new LabelfleetError("MODEL_INVALID", `${source}: ${what}`);
  const visit = (message: Uint8Array, kind: Message, depth: number): void => {
    if (depth > maxDepth) throw invalid(`its graphs are nested more than ${maxDepth} deep`);
    for (const { number, value, bytes: nested } of readFields(message, source)) {
      if (kind === "tensor" && (number === externalData || (number === dataLocation && value !== 0))) {
        throw invalid("its weights lie in other files; save it as one file");
      }
      const next = leadsTo[kind][number];
      if (next !== undefined) visit(nested, next, depth + 1);
    }
  };
  visit(bytes, "model", 0);
}
