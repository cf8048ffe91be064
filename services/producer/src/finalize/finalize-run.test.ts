import { runNames } from "@labelfleet/shared/contract/run-names";
import type { ProducerStats } from "@labelfleet/shared/contract/stats";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";
import { expect, test } from "vitest";
import { entriesOf, madeUpRun, recordOf, specOf } from "../test-support/made-up-run.js";
import type { MemoryStore } from "../test-support/memory-store.js";
import { finalizeRun, readFinished, replaceReport } from "./finalize-run.js";

const spec = specOf();
const reportKey = `run/${runNames.report}`;

/** The puts of report.json and _SUCCESS, in order; the first so many of report.json wait until they are let go. */
function watch(store: MemoryStore, held = 0) {
  const puts: string[] = [];
  const release: (() => void)[] = [];
  const put = store.put.bind(store);
  let onHeld = () => {};
  const allHeld = new Promise<void>((resolve) => {
    onHeld = resolve;
  });
  if (held === 0) onHeld();
  store.put = async (key, body, options = {}) => {
    if (key === reportKey && release.length < held) {
      await new Promise<void>((resolve) => {
        release.push(resolve);
        if (release.length === held) onHeld();
      });
    }
    const result = await put(key, body, options);
    puts.push(key.slice("run/".length));
    return result;
  };
  return { puts, release, allHeld };
}

/** Each producer's statistics make another report. */
async function addProducer(folder: RunFolder, id: string, seconds: number): Promise<void> {
  const startedMs = Date.parse(spec.frozen.created);
  const stats: ProducerStats = {
    schemaVersion: 1,
    role: "producer",
    producerId: id,
    runId: spec.runId,
    startedMs,
    updatedMs: startedMs + 1000 * seconds,
  };
  await folder.writeJson(runNames.statsOf(`producer-${id}`), stats);
}

test("of two finalizers at once the first report stays, both give it, and _SUCCESS comes after it", async () => {
  const { folder, store } = await madeUpRun(["a", "b", "c"], spec);
  const { puts, release, allHeld } = watch(store, 2);
  await addProducer(folder, "one", 10);
  const one = finalizeRun(folder, spec);
  await expect.poll(() => release.length).toBe(1);
  await addProducer(folder, "two", 20);
  const two = finalizeRun(folder, spec);
  await allHeld;
  release[1]!();
  const reports = [(await two).report];
  release[0]!();
  reports.unshift((await one).report);
  expect(reports[0]).toEqual(reports[1]);
  expect(reports[0]!.wallSeconds).toBe(20);
  expect(await readFinished(folder)).toEqual(reports[0]);
  expect(puts.filter((name) => !name.startsWith("stats/"))).toEqual([runNames.report, runNames.success]);
});

test("a finalizer that stood still while the run was retried does not put its old report over the new one", async () => {
  const { folder, store } = await madeUpRun(["a", "b"], spec, (key) => (key === "a" ? "STORE_TIMEOUT" : null));
  const { release, allHeld } = watch(store, 1);
  const old = finalizeRun(folder, spec);
  await allHeld;
  expect((await finalizeRun(folder, spec)).report.failed).toBe(1);
  const records = entriesOf(["a", "b"]).map((entry) => recordOf(entry, "m"));
  await store.put(`run/${runNames.shard("m", "r000-000000-0000", "jsonl")}`, await encodeShard(records, "jsonl"));
  await replaceReport(folder, spec);
  release[0]!();
  expect((await old).report.failed).toBe(0);
  expect(await readFinished(folder)).toMatchObject({ ok: 2, failed: 0 });
});

test("a report without _SUCCESS, of a finalizer that died, is replaced by one of now", async () => {
  const { folder, store } = await madeUpRun(["a"], spec);
  await finalizeRun(folder, spec);
  await store.delete(`run/${runNames.success}`);
  await addProducer(folder, "later", 30);
  const { report } = await finalizeRun(folder, spec);
  expect(report.wallSeconds).toBe(30);
  expect(await readFinished(folder)).toEqual(report);
});

test("nothing is written for a run that is not complete", async () => {
  const { folder, store } = await madeUpRun(["a", "b", "c"], spec);
  await store.delete(`run/${runNames.shard("m", "r000-000000-0001", "jsonl")}`);
  const { puts } = watch(store);
  expect((await finalizeRun(folder, spec)).report.complete).toBe(false);
  expect(puts).toEqual([]);
});

test("two retries at once: the report is made from the shards as the last one left them", async () => {
  const { folder, store } = await madeUpRun(["a", "b"], spec, () => "STORE_TIMEOUT");
  await finalizeRun(folder, spec);
  const { release, allHeld } = watch(store, 1);
  const slow = replaceReport(folder, spec);
  await allHeld;
  const records = entriesOf(["a", "b"]).map((entry) => recordOf(entry, "m"));
  await store.put(`run/${runNames.shard("m", "r000-000000-0000", "jsonl")}`, await encodeShard(records, "jsonl"));
  await replaceReport(folder, spec);
  release[0]!();
  expect((await slow).report.failed).toBe(0);
  expect(await readFinished(folder)).toMatchObject({ ok: 2, failed: 0 });
});

test("clears what killed writers left in the folder of a run that is complete", async () => {
  const { folder, store } = await madeUpRun(["a", "b", "c", "d"], spec);
  expect((await finalizeRun(folder, spec)).problems).toEqual([]);
  expect(store.cleared).toEqual(["run/"]);
});

test("leaves the folder of an incomplete run alone", async () => {
  const { folder, store } = await madeUpRun(["a", "b", "c", "d"], spec);
  await store.delete(folder.keyOf(runNames.shard("m", "r000-000000-0000", "jsonl")));
  expect((await finalizeRun(folder, spec)).problems).not.toEqual([]);
  expect(store.cleared).toEqual([]);
});
