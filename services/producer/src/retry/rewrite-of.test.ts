import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { decodeShard, encodeShard } from "@labelfleet/shared/run/shard-codec";
import { expect, test } from "vitest";
import { madeUpRun, specOf } from "../test-support/made-up-run.js";
import { chosenBatches } from "./chosen-batches.js";
import { rewriteOf } from "./rewrite-of.js";

const spec = specOf({ modelIds: ["m1", "m2"], batchImages: 2 });
const [first, second, third] = ["r000-000000-0000", "r000-000000-0001", "r000-000000-0002"] as const;
const anyPass = { belowPass: Number.POSITIVE_INFINITY };

/** Six images in three batches; made-up failures are final, and those named STORE_TIMEOUT are then made retryable. */
async function failedRun() {
  const run = await madeUpRun(["a", "b", "c", "d", "e", "f"], spec, (key, modelId) => {
    if (key === "a") return "IMAGE_CORRUPT";
    if (key === "c" && modelId === "m2") return "STORE_TIMEOUT";
    return key === "f" ? "STORE_TIMEOUT" : null;
  });
  for (const batchId of [second, third]) {
    for (const id of ["m1", "m2"]) await change(run.folder, id, batchId, { retryable: true }, "failed");
  }
  return run;
}

async function change(
  folder: RunFolder,
  modelId: string,
  batchId: string,
  changes: Partial<Prediction>,
  status: Prediction["status"],
): Promise<void> {
  const name = runNames.shard(modelId, batchId, "jsonl");
  const records = await decodeShard((await folder.readBytes(name))!.value, "jsonl", name);
  const changed = records.map((record) => (record.status === status ? { ...record, ...changes } : record));
  await folder.store.put(folder.keyOf(name), await encodeShard(changed, "jsonl"));
}

async function etagOf(folder: RunFolder, modelId: string, batchId: string): Promise<string> {
  return (await folder.readBytes(runNames.shard(modelId, batchId, "jsonl")))!.etag;
}

test("without a code, retryable failures are chosen, and only the shards that hold them", async () => {
  const { folder } = await failedRun();
  expect(await rewriteOf(folder, spec, first, { code: null, ...anyPass })).toBeNull();
  expect(await rewriteOf(folder, spec, second, { code: null, ...anyPass })).toMatchObject({
    images: 1,
    job: { batchId: second, pass: 1, retryCode: null, rewrite: { m2: await etagOf(folder, "m2", second) } },
  });
  const both = await rewriteOf(folder, spec, third, { code: null, ...anyPass });
  expect(both!.images).toBe(1);
  expect(Object.keys(both!.job.rewrite!)).toEqual(["m1", "m2"]);
});

test("with a code, failures of that code are chosen, retryable or not", async () => {
  const { folder } = await failedRun();
  const chosen: string[] = [];
  for await (const { batchId, rewrite } of chosenBatches(folder, spec, "IMAGE_CORRUPT")) {
    if (rewrite !== null) chosen.push(`${batchId} ${rewrite.job.retryCode} ${rewrite.images}`);
  }
  expect(chosen).toEqual([`${first} IMAGE_CORRUPT 1`]);
});

test("records of the pass in question or a later one are done, whoever wrote them", async () => {
  const { folder } = await failedRun();
  await change(folder, "m1", third, { pass: 3 }, "failed");
  const left = await rewriteOf(folder, spec, third, { code: null, belowPass: 1 });
  expect(Object.keys(left!.job.rewrite!)).toEqual(["m2"]);
  expect(left!.job.pass).toBe(4);
  await change(folder, "m2", third, { pass: 1 }, "failed");
  expect(await rewriteOf(folder, spec, third, { code: null, belowPass: 1 })).toBeNull();
});

test("a shard that is missing is named", async () => {
  const { folder, store } = await failedRun();
  store.objects.delete(folder.keyOf(runNames.shard("m2", second, "jsonl")));
  await expect(rewriteOf(folder, spec, second, { code: null, ...anyPass })).rejects.toMatchObject({
    code: "RUN_INVALID",
    message: expect.stringContaining(`model=m2/${second}.jsonl is missing`),
  });
});
