import { expect, test } from "vitest";
import { mergeSorted } from "./merge-sorted.js";
import { compareKeys } from "./storage/key-order.js";

async function merged(...sources: (AsyncIterable<string> | Iterable<string>)[]): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  for await (const row of mergeSorted(sources, (item) => item[0]!, compareKeys)) rows.push(row);
  return rows;
}

test("items of one key come together, and null stands for what a stream lacks", async () => {
  expect(await merged(["a1", "b1", "d1"], ["b2", "c2", "d2"])).toEqual([
    ["a1", null],
    ["b1", "b2"],
    [null, "c2"],
    ["d1", "d2"],
  ]);
  expect(await merged([], ["a2"])).toEqual([[null, "a2"]]);
  expect(await merged()).toEqual([]);
});

test("who stops early ends the streams", async () => {
  let hasEnded = false;
  async function* endless() {
    try {
      for (;;) yield "a";
    } finally {
      hasEnded = true;
    }
  }
  for await (const _ of mergeSorted([endless()], (item) => item, compareKeys)) break;
  expect(hasEnded).toBe(true);
});
