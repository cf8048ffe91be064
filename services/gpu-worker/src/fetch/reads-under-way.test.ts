import { expect, test } from "vitest";
import { ReadsUnderWay, slowAfterMs, toldReads } from "./reads-under-way.js";

test("only reads that take long are told, the oldest first, with how far they came", () => {
  const reads = new ReadsUnderWay();
  const first = reads.begin({ runId: "r", key: "first.jpg" }, 0);
  const second = reads.begin({ runId: "r", key: "second.jpg" }, 1_000);
  expect(reads.slow(slowAfterMs - 1)).toEqual([]);
  first.receivedBytes = 35_000;
  first.sizeBytes = 3_400_000;
  const told = { runId: "r", key: "first.jpg", forMs: slowAfterMs, receivedBytes: 35_000, sizeBytes: 3_400_000 };
  expect(reads.slow(slowAfterMs)).toEqual([told]);
  expect(reads.slow(60_000).map(({ key }) => key)).toEqual(["first.jpg", "second.jpg"]);
  reads.end(first);
  expect(reads.slow(60_000)).toMatchObject([{ key: "second.jpg", forMs: 59_000, sizeBytes: null }]);
  reads.end(second);
  for (let i = 0; i < 10; i++) reads.begin({ runId: "r", key: `${i}.jpg` }, i);
  expect(reads.slow(60_000).map(({ key }) => key)).toEqual(Array.from({ length: toldReads }, (_, i) => `${i}.jpg`));
});
