import { runNames } from "@labelfleet/shared/contract/run-names";
import { expect, it } from "vitest";
import { madeUpRun, specOf } from "../test-support/made-up-run.js";
import { finalizeRun } from "./finalize-run.js";

const keys = ["a", "b", "c", "d"];

it("clears what killed writers left in the folder of a run that is complete", async () => {
  const spec = specOf();
  const { folder, store } = await madeUpRun(keys, spec);
  expect((await finalizeRun(folder, spec)).problems).toEqual([]);
  expect(await folder.readBytes(runNames.success)).not.toBeNull();
  expect(store.cleared).toEqual(["run/"]);
});

it("leaves the folder of an incomplete run alone", async () => {
  const spec = specOf();
  const { folder, store } = await madeUpRun(keys, spec);
  await store.delete(folder.keyOf(runNames.shard("m", "r000-000000-0000", "jsonl")));
  expect((await finalizeRun(folder, spec)).problems).not.toEqual([]);
  expect(await folder.readBytes(runNames.success)).toBeNull();
  expect(store.cleared).toEqual([]);
});
