import { runNames } from "@labelfleet/shared/contract/run-names";
import { expect, it } from "vitest";
import { emptyFolder, madeUpRun, specOf } from "../test-support/made-up-run.js";
import { plannedBatches } from "./planned-batches.js";

it("plannedBatches takes a batch as done only when every model's shard is there", async () => {
  const spec = specOf({ modelIds: ["m", "n"] });
  const { folder, store } = await madeUpRun([..."abcdefg"], spec);
  await store.delete(folder.keyOf(runNames.shard("m", "r000-000000-0000", "jsonl")));
  await store.delete(folder.keyOf(runNames.shard("n", "r000-000000-0002", "jsonl")));
  await store.put(folder.keyOf("predictions/model=m/notes.txt"), Buffer.from("x"));
  const planned: [string, number, boolean][] = [];
  const chunks = [
    { rangeId: "r000", chunkId: "r000-000000", images: 7 },
    { rangeId: "r000", chunkId: "r000-000001", images: 1 },
  ];
  for await (const { batchId, images, isDone } of plannedBatches({ folder, spec, chunks })) {
    planned.push([batchId, images, isDone]);
  }
  expect(planned).toEqual([
    ["r000-000000-0000", 2, false],
    ["r000-000000-0001", 2, true],
    ["r000-000000-0002", 2, false],
    ["r000-000000-0003", 1, true],
    ["r000-000001-0000", 1, false],
  ]);
});

it("plannedBatches finds the shards of ranges that are listed side by side", async () => {
  const spec = specOf();
  const { folder } = emptyFolder();
  const done = ["r000-000000-0001", "r001-000000-0000", "r001-000001-0000"];
  for (const batchId of done) await folder.writeFirst(runNames.shard("m", batchId, "jsonl"), new Uint8Array(), "");
  const chunks = ["r001-000000", "r000-000000", "r001-000001", "r000-000001"].map((chunkId) => ({
    rangeId: chunkId.slice(0, 4),
    chunkId,
    images: 4,
  }));
  const found: string[] = [];
  for await (const { batchId, isDone } of plannedBatches({ folder, spec, chunks })) if (isDone) found.push(batchId);
  expect(found.sort()).toEqual(done);
});
