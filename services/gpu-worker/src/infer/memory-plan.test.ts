import { expect, test } from "vitest";
import { divideMemory, toEvict } from "./memory-plan.js";

/** B0 at 224 px and B7 at 600 px, in MiB, about. */
const small = { modelBytes: 50, imageBytes: 30 };
const large = { modelBytes: 660, imageBytes: 430 };

test("a model alone may use all memory", () => {
  expect(divideMemory(8_000, new Map([["b0", small]])).get("b0")!.cap).toBe(265);
  expect(divideMemory(8_000, new Map([["b7", large]])).get("b7")!.cap).toBe(17);
});

test("models that fit together share what is free, and stay together", () => {
  const shares = divideMemory(8_000, new Map(Object.entries({ b0: small, b7: large })));
  expect([...shares.values()].map(({ cap }) => cap)).toEqual([94, 10]);
  expect([...shares.values()].reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(8_000);
  expect(toEvict(8_000, shares, ["b0"], "b7")).toEqual([]);
});

test("models that do not fit together take turns: the longest unused makes room", () => {
  const models = Object.fromEntries(["a", "b", "c"].map((name) => [name, large]));
  const shares = divideMemory(5_000, new Map(Object.entries(models)));
  expect([...shares.values()].map(({ cap }) => cap)).toEqual([4, 4, 4]);
  expect(toEvict(5_000, shares, ["b", "a"], "c")).toEqual(["b"]);
  expect(toEvict(2_000, shares, ["b", "a"], "c")).toEqual(["b", "a"]);
});

test("what does not fit at all is tried alone, image by image", () => {
  const shares = divideMemory(500, new Map([["b7", large]]));
  expect(shares.get("b7")!.cap).toBe(1);
  expect(toEvict(500, shares, ["b0"], "b7")).toEqual(["b0"]);
});
