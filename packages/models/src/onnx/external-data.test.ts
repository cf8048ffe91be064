import { hasCode } from "@labelfleet/shared/errors";
import { expect, it } from "vitest";
import { refuseExternalData } from "./external-data.js";
import { ProtobufWriter } from "./protobuf.js";

/** A tensor whose data_location is written in the bytes given. */
const tensorAt = (location: readonly number[]) =>
  new ProtobufWriter()
    .integer(1, 3)
    .copied(Uint8Array.from([0x70, ...location]))
    .finish();
const external = tensorAt([1]);

/** Messages within each other, outermost field first. */
function nested(fields: readonly number[], innermost: Uint8Array): Uint8Array {
  return fields.reduceRight((inner, field) => new ProtobufWriter().bytes(field, inner).finish(), innermost);
}

const [graph, node, attribute] = [7, 1, 5];

it.each<[string, readonly number[]]>([
  ["an initializer", [graph, 5]],
  ["a Constant's value", [graph, node, attribute, 5]],
  ["a list of tensors of an attribute", [graph, node, attribute, 10]],
  ["an initializer of a branch of If", [graph, node, attribute, 6, 5]],
  ["a Constant in a Loop within an If", [graph, node, attribute, 6, node, attribute, 6, node, attribute, 5]],
  ["a list of graphs", [graph, node, attribute, 11, 5]],
  ["values of a sparse initializer", [graph, 15, 1]],
  ["indices of a sparse attribute", [graph, node, attribute, 22, 2]],
  ["a list of sparse tensors", [graph, node, attribute, 23, 1]],
  ["a Constant in a function", [25, 7, attribute, 5]],
  ["a default of a function's attribute", [25, 11, 5]],
  ["the graph of a training", [20, 2, 5]],
])("refuses data in other files of %s", (_where, fields) => {
  const refused = () => refuseExternalData(nested(fields, external), "own.onnx");
  expect(refused).toThrow("own.onnx: its weights lie in other files");
  try {
    refused();
  } catch (error) {
    expect(hasCode(error, "MODEL_INVALID")).toBe(true);
  }
  expect(() => refuseExternalData(nested(fields, tensorAt([0])), "own.onnx")).not.toThrow();
});

it.each<[string, readonly number[]]>([
  ["in more bytes than it needs", [0x81, 0x80, 0x80, 0x00]],
  ["that is 1 when it is cut to 32 bits", [0x81, 0x80, 0x80, 0x80, 0x10]],
  ["that is negative", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ["that nobody knows", [0x02]],
])("refuses a data location %s", (_how, location) => {
  expect(() => refuseExternalData(nested([graph, 5], tensorAt(location)), "own")).toThrow(/other files/);
});

it("refuses a tensor that names a path, whatever its location says", () => {
  const tensor = new ProtobufWriter().message(13, (entry) => entry.string(1, "location").string(2, "/etc/passwd"));
  expect(() => refuseExternalData(nested([graph, 5], tensor.finish()), "own")).toThrow(/other files/);
});

it("takes no float of an attribute for a tensor's data location", () => {
  const nodeBytes = new ProtobufWriter().message(5, (value) => value.string(1, "alpha").float(2, 1).integer(20, 1));
  expect(() => refuseExternalData(nested([graph, node], nodeBytes.finish()), "own")).not.toThrow();
});

it("refuses graphs that are nested without end, before the stack ends", () => {
  const fields = [graph, ...Array.from({ length: 5_000 }, (_, index) => [node, attribute, 6][index % 3]!)];
  expect(() => refuseExternalData(nested(fields, external), "own")).toThrow(/nested more than 64 deep/);
});
