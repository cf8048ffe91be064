import { expect, it } from "vitest";
import { batchesOfChunk } from "./batches-of-chunk.js";

it("cuts a chunk into whole batches and a rest", () => {
  expect(batchesOfChunk({ chunkId: "r000-000004", images: 5 }, 2)).toEqual([
    { batchId: "r000-000004-0000", start: 0, end: 2 },
    { batchId: "r000-000004-0001", start: 2, end: 4 },
    { batchId: "r000-000004-0002", start: 4, end: 5 },
  ]);
  expect(batchesOfChunk({ chunkId: "r000-000004", images: 0 }, 2)).toEqual([]);
});
