import { describe, expect, it } from "vitest";
import { GraphBuilder } from "./graph-builder.js";

describe("GraphBuilder", () => {
  const build = () => {
    const graph = new GraphBuilder();
    const input = graph.input("images", "uint8", ["N", 2, 2, 3]);
    const pooled = graph.globalAveragePool("pooled", graph.castToFloat("float", input));
    graph.output(graph.softmax("probabilities", pooled), "float32", ["N", 2]);
    return Buffer.concat(graph.encode("tiny"));
  };

  it("gives the same bytes for the same calls, so that a built graph can be named by its hash", () => {
    expect(build().equals(build())).toBe(true);
  });

  it("writes a negative attribute and the free dimension's name", () => {
    const bytes = build();
    expect(bytes.includes(Buffer.from("0a046178697318ffffffffffffffffff01", "hex"))).toBe(true);
    expect(bytes.includes(Buffer.from("0a0312014e", "hex"))).toBe(true);
  });

  it("refuses a constant whose shape does not fit its values, and two constants of one name", () => {
    const graph = new GraphBuilder();
    expect(() => graph.constant("kernel", new Float32Array(5), [2, 3])).toThrow(/kernel: 5 values/);
    graph.constant("bias", Float32Array.of(1), [1]);
    expect(() => graph.constant("bias", Float32Array.of(2), [1])).toThrow(/two ONNX constants named bias/);
  });
});
