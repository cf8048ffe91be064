import { cancelRun, pauseRun, unpauseRun } from "@labelfleet/producer/control";
import { resumeRun } from "@labelfleet/producer/mend/resume-run";
import type { Produced } from "@labelfleet/producer/produce";
import type { PreparedRun } from "@labelfleet/producer/start/prepare-run";
import { readStatus } from "@labelfleet/producer/status";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { createLogger } from "@labelfleet/shared/logger";
import { type BatchQueue, openQueue } from "@labelfleet/shared/queue/batch-queue";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { sleep } from "@labelfleet/shared/shutdown";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ProducerRig } from "../integration/producer-rig.js";
import { rigForEachTest } from "../integration/rig-for-each-test.js";

/** Longer than a mending producer leaves its queue and the run's marks unlooked at. */
const looksMs = 3_000;

let rig: ProducerRig;
let queue: BatchQueue;
rigForEachTest((started) => {
  rig = started;
});
beforeEach(() => {
  queue = openQueue(rig.server.url, "default");
});
afterEach(() => queue.close());

const waiting = () => queue.getJobCountByTypes("wait", "prioritized", "delayed");

/** A run that lacks nothing but a readable shard and its report, without workers. */
async function damagedRun(): Promise<PreparedRun> {
  const run = await rig.prepare(await rig.photos("photos", 12), { batchImages: 3 });
  rig.startWorker();
  await rig.produce(run);
  await rig.stopWorkers();
  const { folder } = run;
  for (const name of [runNames.success, runNames.report]) await folder.store.delete(folder.keyOf(name));
  const shard = runNames.shard("efficientnet-lite0", "r000-000000-0002", "jsonl");
  await folder.store.put(folder.keyOf(shard), Buffer.from("garbage"));
  return run;
}

/** What a resume ends with to which `halt` is done while it waits for workers to mend; null when nothing ends it. */
async function halted(run: PreparedRun, halt: () => Promise<unknown>): Promise<Produced | null> {
  const { folder, spec } = run;
  const { redis, server } = rig;
  const logger = createLogger({ name: "test", level: "silent" });
  const stop = new AbortController();
  const resuming = resumeRun({ folder, spec, redis, redisUrl: server.url, signal: stop.signal, logger });
  try {
    await expect.poll(waiting, { timeout: 15_000 }).toBe(1);
    await halt();
    return await Promise.race([resuming, sleep(looksMs).then(() => null)]);
  } finally {
    stop.abort("the test is over");
    await resuming;
  }
}

it("a Redis that cannot say whether the run is paused costs no batch its mending", async () => {
  const run = await damagedRun();
  const { redis, server } = rig;
  const logger = createLogger({ name: "test", level: "silent" });
  const asked = vi.spyOn(RunProgress.prototype, "isPaused");
  // Said right before what is to be mended is taken: until then the question is the feeder's.
  vi.spyOn(logger, "warn").mockImplementation((message: unknown) => {
    if (!String(message).startsWith("repairing")) return;
    for (let i = 0; i < 10; i++) asked.mockRejectedValueOnce(new LabelfleetError("REDIS_UNAVAILABLE", "made up"));
    asked.mockClear();
  });
  const stop = new AbortController();
  const resuming = resumeRun({ ...run, redis, redisUrl: server.url, signal: stop.signal, logger });
  try {
    await expect.poll(waiting, { timeout: 15_000 }).toBe(1);
    expect(asked.mock.calls.length).toBeGreaterThan(10);
  } finally {
    asked.mockRestore();
    stop.abort("the test is over");
    expect(await resuming).toMatchObject({ outcome: "stopped" });
  }
});

it("pause and cancel end a resume that mends an incomplete run, and its batches stay off the queue", async () => {
  const run = await damagedRun();
  const { redis, server } = rig;
  const shared = { redis, redisUrl: server.url };
  expect(await halted(run, () => pauseRun({ ...run, ...shared }))).toMatchObject({ outcome: "paused", report: null });
  expect(await waiting()).toBe(0);
  expect(await readStatus(run.folder, redis)).toMatchObject({ state: "paused" });

  await unpauseRun(redis, run.spec);
  expect(await halted(run, () => cancelRun({ ...run, shared }))).toMatchObject({ outcome: "cancelled", report: null });
  expect(await waiting()).toBe(0);
  expect(await readStatus(run.folder, redis)).toMatchObject({ state: "cancelled" });
});
