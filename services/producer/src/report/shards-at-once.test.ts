import { expect, test } from "vitest";
import { specOf } from "../test-support/made-up-run.js";
import { batchesReadAtOnce } from "./shards-at-once.js";

test("large batches, and batches of many models, are read one at a time", () => {
  expect(batchesReadAtOnce(specOf({ batchImages: 16 }), 8)).toBe(8);
  expect(batchesReadAtOnce(specOf({ batchImages: 4_096 }), 8)).toBe(4);
  expect(batchesReadAtOnce(specOf({ batchImages: 4_096, modelIds: ["a", "b"] }), 8)).toBe(2);
  expect(batchesReadAtOnce(specOf({ batchImages: 10_240, modelIds: ["a", "b"] }), 8)).toBe(1);
});
