import { expect, it } from "vitest";
import { BucketIndex } from "./s3-index.js";

function indexOf(...keys: string[]): BucketIndex {
  const index = new BucketIndex();
  for (const key of keys) index.set({ key, etag: '"x"', sizeBytes: 1, lastModifiedMs: 0 });
  return index;
}

it("pages in UTF-8 byte order, whatever the order of writing", () => {
  const index = indexOf("\u{1f600}", "b", "B", "a/x", "\u{ff21}", "a.jpg", "b");
  const keys = ["B", "a.jpg", "a/x", "b", "\u{ff21}", "\u{1f600}"];
  expect(index.page({ prefix: "", after: "", maxKeys: 99 })).toMatchObject({
    objects: keys.map((key) => ({ key })),
    isTruncated: false,
  });
  expect(index.page({ prefix: "", after: "a.jpg", maxKeys: 2 })).toMatchObject({
    objects: [{ key: "a/x" }, { key: "b" }],
    isTruncated: true,
  });
  expect(index.page({ prefix: "a", after: "B", maxKeys: 99 }).objects.map((object) => object.key)).toEqual([
    "a.jpg",
    "a/x",
  ]);
  expect(index.page({ prefix: "a", after: "c", maxKeys: 99 }).objects).toEqual([]);
});

it("forgets what was deleted", () => {
  const index = indexOf("a", "b");
  index.delete("a");
  index.delete("nothing");
  expect(index.get("a")).toBeUndefined();
  expect(index.page({ prefix: "", after: "", maxKeys: 99 }).objects.map((object) => object.key)).toEqual(["b"]);
});

it("tells what is the same up to a delimiter once, and goes on behind all of it", () => {
  const index = indexOf("a", "b/1", "b/2/x", "b/3", "c/1", "d");
  const query = { prefix: "", after: "", delimiter: "/" };
  expect(index.page({ ...query, maxKeys: 9 })).toMatchObject({
    objects: [{ key: "a" }, { key: "d" }],
    prefixes: ["b/", "c/"],
    isTruncated: false,
  });
  const first = index.page({ ...query, maxKeys: 2 });
  expect(first).toMatchObject({ objects: [{ key: "a" }], prefixes: ["b/"], isTruncated: true, lastKey: "b/3" });
  expect(index.page({ ...query, after: first.lastKey!, maxKeys: 9 }).prefixes).toEqual(["c/"]);
  expect(index.page({ ...query, prefix: "b/", maxKeys: 9 }).prefixes).toEqual(["b/2/"]);
});
