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
  expect(index.page("", "", 99)).toMatchObject({ objects: keys.map((key) => ({ key })), isTruncated: false });
  expect(index.page("", "a.jpg", 2)).toMatchObject({ objects: [{ key: "a/x" }, { key: "b" }], isTruncated: true });
  expect(index.page("a", "B", 99).objects.map((object) => object.key)).toEqual(["a.jpg", "a/x"]);
  expect(index.page("a", "c", 99).objects).toEqual([]);
});

it("forgets what was deleted", () => {
  const index = indexOf("a", "b");
  index.delete("a");
  index.delete("nothing");
  expect(index.get("a")).toBeUndefined();
  expect(index.page("", "", 99).objects.map((object) => object.key)).toEqual(["b"]);
});
