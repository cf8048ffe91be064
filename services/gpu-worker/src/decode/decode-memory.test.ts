import { expect, test } from "vitest";
import { DecodeMemory, decodeBounds } from "./decode-memory.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("decodes go on while their memory fits, in the order in which they came", async () => {
  const memory = new DecodeMemory(100);
  const begun: string[] = [];
  const enter = (name: string, bytes: number) => void memory.enter(bytes).then(() => begun.push(name));
  enter("a", 60);
  enter("b", 50);
  enter("c", 30);
  await settled();
  expect(begun).toEqual(["a"]);
  memory.leave(60);
  await settled();
  expect(begun).toEqual(["a", "b", "c"]);
});

test("a decode that is larger than the bound goes alone", async () => {
  const memory = new DecodeMemory(100);
  const begun: string[] = [];
  const enter = (name: string, bytes: number) => void memory.enter(bytes).then(() => begun.push(name));
  enter("giant", 1_000);
  enter("small", 1);
  await settled();
  expect(begun).toEqual(["giant"]);
  memory.leave(1_000);
  enter("another giant", 1_000);
  await settled();
  expect(begun).toEqual(["giant", "small"]);
  memory.leave(1);
  await settled();
  expect(begun).toEqual(["giant", "small", "another giant"]);
});

const mib = 2 ** 20;

test("the bounds are those of the container, where it has one", () => {
  const memory = { inFlightBytes: 512 * mib, constrainedBytes: 0, totalBytes: 16_384 * mib };
  expect(decodeBounds(memory)).toEqual({ atOnceBytes: 512 * mib, aloneBytes: 15_872 * mib });
  expect(decodeBounds({ ...memory, constrainedBytes: 2 ** 63 })).toEqual(decodeBounds(memory));
  const small = decodeBounds({ ...memory, constrainedBytes: 1_024 * mib });
  expect(small).toEqual({ atOnceBytes: 512 * mib, aloneBytes: 512 * mib });
  expect(decodeBounds({ ...memory, constrainedBytes: 256 * mib }).aloneBytes).toBe(64 * mib);
});
