import { expect, test } from "vitest";
import { decodeSegment, encodeSegment } from "./segment.js";

const columns = {
  probability: Float64Array.of(0.125, 0, 0.999999),
  offset: Uint32Array.of(0, 700, 4_000_000_000),
  label: Uint16Array.of(1, 0, 2),
  code: Uint16Array.of(0, 1, 0),
};
const names = { labels: ["tabby, tabby cat", "фото"], codes: ["IMAGE_CORRUPT"] };
const shards = [0, 1].map((n) => ({
  id: { modelId: "a", batchId: `r000-000000-000${n}`, etag: "3-4", sizeBytes: 9_000 },
  columns,
}));

test("a segment is read as it was written", () => {
  const read = decodeSegment(encodeSegment(shards, names));
  expect(read).toEqual(shards.map(({ id }) => ({ id, columns: { ...columns, ...names } })));
});

test("what is cut or none of ours is no segment", () => {
  const bytes = encodeSegment(shards, names);
  expect(decodeSegment(bytes.subarray(0, bytes.length - 1))).toBeNull();
  expect(decodeSegment(bytes.subarray(0, 20))).toBeNull();
  expect(decodeSegment(Buffer.from("LFLABEL1\xff\xff\xff\x7f{}", "latin1"))).toBeNull();
  expect(decodeSegment(Buffer.alloc(0))).toBeNull();
  expect(decodeSegment(Buffer.from("anything else, of some length"))).toBeNull();
});
