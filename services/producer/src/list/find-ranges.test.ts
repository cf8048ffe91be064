import { createHash } from "node:crypto";
import { noneSkipped } from "@labelfleet/shared/contract/skipped";
import { compareKeys } from "@labelfleet/shared/storage/key-order";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../test-support/memory-store.js";
import { findRanges } from "./find-ranges.js";
import type { Range } from "./input-entries.js";
import { listImages } from "./list-images.js";

/** As in a bucket a hundred times as large: pages, and what makes a range worth it, are small too. */
async function rangesOf(
  store: MemoryStore,
  options: { prefix?: string; most?: number; afterKey?: string; leastKeys?: number } = {},
) {
  store.pageKeys = 10;
  return findRanges({
    page: (page) => store.page(page),
    prefix: "",
    most: 8,
    afterKey: [...store.objects.keys()].sort(compareKeys)[0]!,
    leastKeys: 20,
    ...options,
  });
}

async function listed(store: MemoryStore, range: Range, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  const skipped = noneSkipped();
  for await (const { key } of listImages({ store, prefix, ...range, isWanted: () => true, skipped })) keys.push(key);
  return keys;
}

const range = (length: number) => Array.from({ length }, (_, i) => i);
const number = (i: number, width: number) => String(i).padStart(width, "0");
const hashOf = (text: string) => createHash("md5").update(text).digest("hex");

const shapes: Record<string, string[]> = {
  "numbered from 0, all in one folder": range(4_000).map((i) => `in/img_${number(i, 9)}.jpg`),
  "numbered from somewhere": range(4_000).map((i) => `in/${number(2_345_000 + i, 9)}.jpg`),
  "times of a day, in milliseconds": range(4_000).map((i) => `in/cam-${1_700_000_000_000 + i * 21_600}.jpg`),
  hashed: range(4_000).map((i) => `${hashOf(`${i}`)}.jpg`),
  "hashed, in folders of two levels": range(4_000).map((i) => hashOf(`${i}`).replace(/^(..)(..)/, "$1/$2/")),
  "letters and digits": range(4_000).map((i) => `${Buffer.from(hashOf(`${i}`), "hex").toString("base64url")}.jpg`),
  "a folder a day, in folders of months and years": range(4_000).map((i) => {
    const date = new Date(Date.UTC(2023, 0, 1 + Math.floor(i / 5))).toISOString().slice(0, 10);
    return `${date.replaceAll("-", "/")}/${i}.jpg`;
  }),
  "classes in one large and one small set": [
    ...range(3_800).map((i) => `data/train/n${number(i % 100, 8)}/${number(i, 6)}.jpg`),
    ...range(200).map((i) => `data/val/n${number(i % 100, 8)}/${number(i, 6)}.jpg`),
  ],
  "one huge folder beside small ones": [
    ...range(3_900).map((i) => `m/${number(i, 6)}.jpg`),
    ...[..."abcxyz"].flatMap((folder) => range(15).map((i) => `${folder}/${i}.jpg`)),
  ],
};

describe("findRanges", () => {
  it.each(Object.entries(shapes))("cuts evenly what is %s", async (_, keys) => {
    const store = MemoryStore.of(keys);
    const ranges = await rangesOf(store);
    const sizes = await Promise.all(ranges.map(async (one) => (await listed(store, one)).length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(keys.length);
    expect(Math.max(...sizes), `${sizes}`).toBeLessThan((2 * keys.length) / 8);
    expect(store.pages).toBeLessThan(500);
  });

  it("is one range where more are not worth it, after a few requests", async () => {
    const store = MemoryStore.of(range(35).map((i) => `in/${number(i, 6)}.jpg`));
    expect(await rangesOf(store)).toEqual([{ id: "r000", afterKey: null, throughKey: null }]);
    expect(store.pages).toBeLessThan(30);
  });

  it("ends soon in a chain of folders that is as deep as keys can be, and on pages without a readable key", async () => {
    const deep = MemoryStore.of(range(200).map((i) => `${"a/".repeat(500)}${i}`));
    await rangesOf(deep);
    expect(deep.pages).toBeLessThan(350);
    const unreadable = { keys: [], prefixes: [], isTruncated: true };
    const search = findRanges({ page: async () => unreadable, prefix: "", most: 8, afterKey: "a" });
    expect(await search).toEqual([{ id: "r000", afterKey: null, throughKey: null }]);
  });

  it("leaves what is listed already to the first range", async () => {
    const keys = range(4_000).map((i) => `in/${number(i, 6)}.jpg`);
    const [first, second] = await rangesOf(MemoryStore.of(keys), { afterKey: "in/002222.jpg" });
    expect(compareKeys(first!.throughKey!, "in/002222.jpg")).toBeGreaterThan(0);
    expect(second!.afterKey).toBe(first!.throughKey);
  });

  it("covers any keys exactly once and in order, as one listing would", async () => {
    const random = randomOf(11);
    const below = (bound: number) => Math.floor(random() * bound);
    let several = 0;
    for (let round = 0; round < 100; round++) {
      const store = MemoryStore.of(range(30 + below(600)).map(() => randomKey(below)));
      const prefix = below(3) === 0 ? "a" : "";
      const whole = await listed(store, { id: "r000", afterKey: null, throughKey: null }, prefix);
      if (whole.length === 0) continue;
      const options = { prefix, most: 2 + below(12), afterKey: whole[below(9)] ?? whole[0]!, leastKeys: 10 };
      const ranges = await rangesOf(store, options);
      const parts = await Promise.all(ranges.map((one) => listed(store, one, prefix)));
      expect(parts.flat(), `round ${round}`).toEqual(whole);
      expect(ranges.map(({ id }) => id)).toEqual(range(ranges.length).map((i) => `r${number(i, 3)}`));
      if (parts.filter((part) => part.length > 0).length > 1) several++;
    }
    expect(several).toBeGreaterThan(25);
  });
});

/** Parts that sort unlike JavaScript does, folder keys, and names in which anything repeats. */
const parts = [
  "a",
  "b",
  "0",
  "7",
  "/",
  "/",
  "//",
  "..",
  "\u{1f600}",
  "\uffef",
  "\ue000",
  "\u{10ffff}",
  "\n",
  "é",
  "é",
  "%",
  "+",
];

function randomKey(below: (bound: number) => number): string {
  return range(1 + below(8))
    .map(() => parts[below(parts.length)]!)
    .join("");
}

/** Numbers from 0 to 1 out of a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
