import { runNames } from "@labelfleet/shared/contract/run-names";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";
import { expect, test } from "vitest";
import { foldRun } from "../report/fold-run.js";
import { entriesOf, madeUpRun, recordOf, specOf } from "../test-support/made-up-run.js";
import { mendOf } from "./mend-of.js";

const spec = specOf({ modelIds: ["m1", "m2"], batchImages: 2 });
const [first, second, third] = ["r000-000000-0000", "r000-000000-0001", "r000-000000-0002"] as const;
const keyOf = (modelId: string, batchId: string) => `run/${runNames.shard(modelId, batchId, "jsonl")}`;

test("damaged shards are named by their etags, missing ones are only asked for, whole batches are left alone", async () => {
  const { folder, store } = await madeUpRun(["a", "b", "c", "d", "e"], spec);
  const garbage = await store.put(keyOf("m1", first), Buffer.from("garbage"));
  const later = entriesOf(["a", "b"]).map((entry) => ({ ...recordOf(entry, "m2"), pass: 4 }));
  await store.put(keyOf("m2", first), await encodeShard(later, "jsonl"));
  await store.delete(keyOf("m2", second));
  expect(await mendOf(folder, spec, first)).toMatchObject({
    images: 2,
    job: { batchId: first, chunk: "r000-000000", pass: 5, rewrite: { m1: garbage.etag }, mend: true, retryCode: null },
  });
  expect(await mendOf(folder, spec, second)).toMatchObject({ images: 2, job: { pass: 1, rewrite: {}, mend: true } });
  expect(await mendOf(folder, spec, third)).toBeNull();
  const { damagedBatches, missingBatches } = await foldRun(folder, spec);
  expect([[...damagedBatches], [...missingBatches]]).toEqual([[first], [second]]);
});

test("a shard that reads well but holds other records is damaged", async () => {
  const { folder, store } = await madeUpRun(["a", "b", "c", "d"], spec);
  const { etag } = await store.put(keyOf("m2", first), store.objects.get(keyOf("m2", second))!);
  expect((await mendOf(folder, spec, first))?.job.rewrite).toEqual({ m2: etag });
  expect([...(await foldRun(folder, spec)).damagedBatches]).toEqual([first]);
});
