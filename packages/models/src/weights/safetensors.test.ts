import { hasCode } from "@labelfleet/shared/errors";
import { describe, expect, it } from "vitest";
import { Safetensors } from "./safetensors.js";
import { encodeSafetensors } from "./safetensors-writer.js";

/** A file with this header and so many zero bytes of data. */
function file(header: unknown, dataBytes: number): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.byteLength));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

const floats = (start: number, count: number) => ({
  dtype: "F32",
  shape: [count],
  data_offsets: [start, start + 4 * count],
});

/** The message of the MODEL_INVALID that opening (and reading) throws; it has to be one line and name the file. */
function refusal(bytes: Uint8Array, read?: (weights: Safetensors) => unknown): string {
  try {
    const weights = new Safetensors(bytes, "w.safetensors");
    read?.(weights);
  } catch (error) {
    expect(hasCode(error, "MODEL_INVALID")).toBe(true);
    const { message } = error as Error;
    expect(message).toMatch(/^w\.safetensors: /);
    expect(message).not.toContain("\n");
    return message;
  }
  throw new Error("accepted");
}

describe("Safetensors", () => {
  const tensors = [
    { name: "a.weight", shape: [2, 2], values: Float32Array.of(1, -2, 3.5, 4) },
    { name: "b", shape: [1], values: Float32Array.of(7) },
  ];

  it("reads what was written, out of a Buffer and a plain array alike", () => {
    const encoded = Buffer.from(encodeSafetensors(tensors));
    for (const bytes of [encoded, new Uint8Array(encoded)]) {
      const weights = new Safetensors(bytes, "w");
      expect(weights.names).toEqual(["a.weight", "b"]);
      expect([...weights.read("a.weight", [2, 2])]).toEqual([1, -2, 3.5, 4]);
      expect([...weights.read("b", [1])]).toEqual([7]);
    }
  });

  it("passes over tensors of other types, such as timm's num_batches_tracked", () => {
    const header = { n: { dtype: "I64", shape: [], data_offsets: [0, 8] }, x: floats(8, 1), __metadata__: { a: "b" } };
    const weights = new Safetensors(file(header, 12), "w.safetensors");
    expect([...weights.read("x", [1])]).toEqual([0]);
    expect(refusal(file(header, 12), (same) => same.read("n", []))).toContain(
      "tensor n is I64, expected F16, BF16 or F32",
    );
  });

  it("names the tensor that is missing or has another shape", () => {
    const bytes = encodeSafetensors(tensors);
    expect(refusal(bytes, (weights) => weights.read("c", [1]))).toContain("tensor c is missing");
    expect(refusal(bytes, (weights) => weights.read("a.weight", [4]))).toContain(
      "a.weight has shape [2,2], expected [4]",
    );
  });

  it.each([Number.NaN, Number.NEGATIVE_INFINITY])("names the element that is %f", (value) => {
    const bytes = encodeSafetensors([{ name: "x", shape: [3], values: Float32Array.of(1, value, 2) }]);
    expect(refusal(bytes, (weights) => weights.read("x", [3]))).toContain(`tensor x has ${value} at element 1`);
  });
});

describe("a hostile safetensors file", () => {
  it("is refused when it ends early, wherever that is", () => {
    const whole = encodeSafetensors([{ name: "x", shape: [2], values: Float32Array.of(1, 2) }]);
    for (let length = 0; length < whole.length; length++) refusal(whole.subarray(0, length));
    expect(new Safetensors(whole, "w").names).toEqual(["x"]);
  });

  it("is refused for a header longer than the file or than the limit, before anything is allocated", () => {
    const bytes = file({}, 0);
    bytes.writeBigUInt64LE(1_000n);
    expect(refusal(bytes)).toContain("longer than the file");
    bytes.writeBigUInt64LE(0xffff_ffff_ffff_ffffn);
    expect(refusal(bytes)).toContain("over the limit");
  });

  it.each([
    ["no JSON", "{", 0, "not JSON"],
    ["no object", "[]", 0, "not a JSON object"],
    ["no description", { x: null }, 0, "tensor x is not described"],
    ["a negative offset", { x: { ...floats(0, 1), data_offsets: [-4, 0] } }, 4, "tensor x is not described"],
    ["a fractional size", { x: { ...floats(0, 1), shape: [0.5] } }, 4, "tensor x is not described"],
    ["an unknown type", { x: { ...floats(0, 1), dtype: "F31" } }, 4, "unknown type F31"],
    ["a type named like a method", { x: { ...floats(0, 1), dtype: "toString" } }, 4, "unknown type toString"],
    ["the wrong type for its bytes", { x: { ...floats(0, 2), dtype: "F16" } }, 8, "F16 [2] needs 4"],
    ["offsets beyond the file", { x: floats(0, 3) }, 8, "outside the 8 bytes of data"],
    ["offsets in reverse", { x: { ...floats(0, 1), data_offsets: [4, 0] } }, 4, "outside the 4 bytes of data"],
    [
      "a shape too large to count",
      { x: { ...floats(0, 1), shape: [2 ** 52, 2 ** 52, 2 ** 52] } },
      4,
      "tensor x has 4 bytes",
    ],
    ["overlapping tensors", { x: floats(0, 2), y: floats(4, 1) }, 8, "tensor y overlaps"],
    ["a gap", { x: floats(0, 1), y: floats(8, 1) }, 12, "4 bytes before tensor y belong to no tensor"],
    ["bytes left over", { x: floats(0, 1) }, 12, "8 bytes at the end"],
    ["a name of two lines", { "x\ny": floats(0, 1) }, 4, 'tensor name "x\\ny" is refused'],
  ])("is refused for %s", (_what, header, dataBytes, message) => {
    expect(refusal(file(header, dataBytes))).toContain(message);
  });
});
