import { expect, test } from "vitest";
import { BodyMemory } from "./body-memory.js";

const mib = 1024 * 1024;

test("a body gets memory that was given back, if it is large enough and not much too large", () => {
  const memory = new BodyMemory();
  const photo = memory.take(900_000);
  expect(photo.byteLength).toBe(mib);
  memory.give(photo);
  expect(memory.take(mib + 1)).not.toBe(photo);
  expect(memory.take(mib / 4 - 1)).not.toBe(photo);
  expect(memory.take(mib / 4)).toBe(photo);
  expect(memory.take(mib / 4)).not.toBe(photo);
});

test("small bodies share one size, and nothing needs none", () => {
  const memory = new BodyMemory();
  const small = memory.take(0);
  memory.give(small);
  expect(memory.take(1)).toBe(small);
  memory.give(small);
  expect(memory.take(16 * 1024)).toBe(small);
});

test("32 MiB are kept, those given last", () => {
  const memory = new BodyMemory();
  const given = Array.from({ length: 5 }, () => new ArrayBuffer(8 * mib));
  for (const buffer of given) memory.give(buffer);
  const taken = given.map(() => memory.take(8 * mib));
  expect(taken.map((buffer) => given.indexOf(buffer))).toEqual([4, 3, 2, 1, -1]);
});

test("what is larger than all that is kept is not kept, and takes no place", () => {
  const memory = new BodyMemory();
  const small = memory.take(mib);
  memory.give(small);
  memory.give(new ArrayBuffer(40 * mib));
  expect(memory.take(40 * mib).byteLength).toBe(64 * mib);
  expect(memory.take(mib)).toBe(small);
});
