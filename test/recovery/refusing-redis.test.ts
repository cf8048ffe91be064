import assert from "node:assert/strict";
import { resumeRun } from "@labelfleet/producer/mend/resume-run";
import type { ProduceOptions } from "@labelfleet/producer/produce";
import { verifyRun } from "@labelfleet/producer/report/verify";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { createLogger, type Logger } from "@labelfleet/shared/logger";
import { openQueue } from "@labelfleet/shared/queue/batch-queue";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { expect, it, vi } from "vitest";
import type { ProducerRig } from "../integration/producer-rig.js";
import { rigForEachTest } from "../integration/rig-for-each-test.js";

const modelId = "efficientnet-lite0";

let rig: ProducerRig;
rigForEachTest((started) => {
  rig = started;
});

interface Refusal {
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** Sends a command to Redis, which then has to refuse writes with the word, or accept them. */
async function set(command: string[], refusesWith: string | null): Promise<void> {
  assert.equal(await rig.server.command(...command), "+OK\r\n");
  assert.match(
    await rig.server.command("SET", "probe", "1"),
    new RegExp(`^${refusesWith ? `-${refusesWith}` : "\\+OK"}`),
  );
}

const full: Refusal = {
  begin: () => set(["CONFIG", "SET", "maxmemory", "1"], "OOM"),
  end: () => set(["CONFIG", "SET", "maxmemory", "0"], null),
};
// A master that does not exist: nothing is replicated, and what is there stays.
const readOnly: Refusal = {
  begin: () => set(["REPLICAOF", "127.0.0.1", "1"], "READONLY"),
  end: () => set(["REPLICAOF", "NO", "ONE"], null),
};

/** A logger whose warnings that something is waited for are kept. */
function listeningLogger(): { logger: Logger; waits: string[] } {
  const waits: string[] = [];
  const logger = createLogger({ name: "test", level: "silent" });
  vi.spyOn(logger, "warn").mockImplementation((message: unknown) => {
    if (String(message).startsWith("waiting")) waits.push(String(message));
  });
  return { logger, waits };
}

/** Resolves when the refusal was met, as often as told. */
const met = (waits: string[], times = 1) =>
  expect.poll(() => waits.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(times);

/** What the options of a whole producer are, for those that do more than `rig.produce`. */
function optionsOf(run: Pick<ProduceOptions, "folder" | "spec">, logger: Logger): ProduceOptions {
  const { redis, server } = rig;
  return { ...run, redis, redisUrl: server.url, signal: new AbortController().signal, logger };
}

async function removeConclusion(folder: RunFolder): Promise<void> {
  for (const name of [runNames.success, runNames.report]) await folder.store.delete(folder.keyOf(name));
}

it.each([
  ["full", full],
  ["read-only", readOnly],
])("a producer with more batches than its window feeds on when Redis was %s for a while", async (_, refusal) => {
  const run = await rig.prepare(await rig.photos("photos", 150), { batchImages: 1 });
  await refusal.begin();
  const { logger, waits } = listeningLogger();
  const producing = rig.produce(run, { logger });
  await met(waits);
  await refusal.end();
  rig.startWorker();
  expect(await producing).toMatchObject({ outcome: "complete", report: { images: 150, ok: 150 } });
  expect(await verifyRun(run.folder)).toMatchObject({ complete: true, records: 150 });
  expect(waits).toHaveLength(1);
  expect(waits[0]).toMatch(/^waiting for Redis: Redis temporarily refuses commands: /);
});

it("a resumed producer counts what is done as soon as Redis takes counts again", async () => {
  const run = await rig.prepare(await rig.photos("photos", 150), { batchImages: 1 });
  rig.startWorker();
  await rig.produce(run);
  await rig.stopWorkers();
  await removeConclusion(run.folder);
  for (const n of [3, 80]) {
    const batchId = `r000-000000-${String(n).padStart(4, "0")}`;
    await run.folder.store.delete(run.folder.keyOf(runNames.shard(modelId, batchId, "jsonl")));
  }
  await rig.server.flushAll();
  await full.begin();
  const done: number[] = [];
  const { logger, waits } = listeningLogger();
  const producing = rig.produce(run, { logger, onProgress: (progress) => done.push(progress.done) });
  // By who feeds, and by who counts.
  await met(waits, 2);
  await full.end();
  rig.startWorker();
  expect(await producing).toMatchObject({ outcome: "complete", report: { ok: 150 } });
  expect(done.at(-1)).toBe(150);
});

it("a run whose last notes Redis refuses is complete all the same", async () => {
  const run = await rig.prepare(await rig.photos("photos", 20), { batchImages: 1 });
  rig.startWorker();
  await rig.produce(run);
  await rig.stopWorkers();
  await removeConclusion(run.folder);
  await full.begin();
  expect(await rig.produce(run)).toMatchObject({ outcome: "complete", report: { ok: 20 } });
  await full.end();
});

it("a mending producer offers its batches as soon as Redis takes them, and says so once", async () => {
  const run = await rig.prepare(await rig.photos("photos", 20), { batchImages: 1 });
  rig.startWorker();
  await rig.produce(run);
  await rig.stopWorkers();
  const key = run.folder.keyOf(runNames.shard(modelId, "r000-000000-0007", "jsonl"));
  const good = (await run.folder.readBytes(runNames.shard(modelId, "r000-000000-0007", "jsonl")))!.value;
  await run.folder.store.put(key, Buffer.from("garbage"));
  await full.begin();
  const { logger, waits } = listeningLogger();
  const resuming = resumeRun(optionsOf(run, logger));
  await met(waits);
  await full.end();
  const queue = openQueue(rig.server.url, "default");
  const offered = () => queue.getJobs(["wait", "prioritized"]);
  await expect.poll(async () => (await offered()).length, { timeout: 10_000 }).toBe(1);
  // As a worker does it, but for the labelling.
  await run.folder.store.put(key, good);
  await (await offered())[0]!.remove();
  expect(await resuming).toMatchObject({ outcome: "complete", report: { ok: 20 } });
  expect(waits).toHaveLength(1);
  await queue.close();
});
