import { expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.js";

it("gives equal text for equal documents, and keeps the order of lists", () => {
  const left = canonicalJson({ b: [2, 1, { y: null, x: "é" }], a: 0.5, gone: undefined });
  expect(left).toBe('{"a":0.5,"b":[2,1,{"x":"é","y":null}]}');
  expect(canonicalJson({ a: 0.5, b: [2, 1, { x: "é", y: null }] })).toBe(left);
  expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
});
