import { expect, test } from "vitest";
import { batchIdOf, batchIdSchema, chunkIdOf, newRunId, partsOfBatchId, runIdSchema } from "./ids.js";

test("run ids sort by time and fit their pattern", () => {
  const id = newRunId(new Date("2026-01-02T03:04:05.678Z"));
  expect(id).toMatch(/^20260102t030405z-[0-9a-z]{6}$/);
  expect(runIdSchema.safeParse(id).success).toBe(true);
});

test("a batch id names its chunk and its place in it", () => {
  const batchId = batchIdOf(chunkIdOf("r000", 12), 3);
  expect(batchId).toBe("r000-000012-0003");
  expect(batchIdSchema.safeParse(batchId).success).toBe(true);
  expect(partsOfBatchId(batchId)).toEqual({ rangeId: "r000", chunkId: "r000-000012", n: 3 });
});
