import { expect, test } from "vitest";
import { BytesCache } from "./bytes-cache.js";

test("what was used last stays, within the bytes", () => {
  const cache = new BytesCache(100);
  for (const key of ["a", "b", "c"]) cache.set(key, Buffer.alloc(30));
  cache.get("a");
  cache.set("d", Buffer.alloc(30));
  expect(["a", "b", "c", "d"].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true, true]);
  cache.set("a", Buffer.alloc(10));
  expect(cache.bytes).toBe(70);
  cache.set("huge", Buffer.alloc(200));
  expect(cache.bytes).toBe(0);
});
