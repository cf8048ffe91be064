import { jobIdOf } from "@labelfleet/shared/contract/batch-job";
import {
  batchStates,
  offerBatches,
  openQueue,
  withdrawBatches,
  withdrawRun,
} from "@labelfleet/shared/queue/batch-queue";
import { connectRedis, type Redis } from "@labelfleet/shared/redis/connection";
import { warnOfMalformed } from "@labelfleet/shared/redis/malformed";
import {
  beat,
  inputPauseOf,
  knownLanes,
  knownRuns,
  laneOfRun,
  liveWorkers,
  registerRun,
} from "@labelfleet/shared/redis/registry";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startServers, type TestServers } from "../support/fixtures.js";

const lane = "default";
const runId = "20260101t000000z-abc123";

let servers: TestServers;
let redis: Redis;
beforeAll(async () => {
  servers = await startServers();
  redis = await connectRedis(servers.redis.url);
});
afterAll(async () => {
  redis?.disconnect();
  await servers?.stop();
});
beforeEach(() => servers.redis.flushAll());

test("counting a batch twice changes nothing, counting it anew corrects", async () => {
  const progress = new RunProgress(redis, lane, runId);
  const batch = { batchId: "r000-000000-0000", modelId: "m", ok: 7, failed: 3 };
  await progress.count(batch);
  await progress.count(batch);
  expect(await progress.totals(["m"])).toEqual(new Map([["m", { ok: 7, failed: 3, batches: 1 }]]));
  await progress.count({ ...batch, ok: 10, failed: 0 });
  await progress.count({ ...batch, batchId: "r000-000000-0001", ok: 5, failed: 0 });
  expect(await progress.totals(["m"])).toEqual(new Map([["m", { ok: 15, failed: 0, batches: 2 }]]));
});

test("a batch is finished when every model of the run is counted", async () => {
  const progress = new RunProgress(redis, lane, runId);
  const ids = ["r000-000000-0000", "r000-000000-0001"];
  await progress.count({ batchId: ids[0]!, modelId: "a", ok: 1, failed: 0 });
  expect(await progress.finished(ids, ["a", "b"])).toEqual([false, false]);
  await progress.count({ batchId: ids[0]!, modelId: "b", ok: 1, failed: 0 });
  expect(await progress.finished(ids, ["a", "b"])).toEqual([true, false]);
  expect(await progress.finished([], ["a"])).toEqual([]);
});

test("batches are offered once however often, and taken back while nobody holds them", async () => {
  const queue = openQueue(servers.redis.url, lane);
  try {
    const jobs = [0, 1, 2].map((n) => ({
      schemaVersion: 1 as const,
      run: "s3://b/labels/x/",
      runId,
      range: "r000",
      chunk: "r000-000000",
      batchId: `r000-000000-000${n}`,
      pass: 0,
      rewrite: null,
      retryCode: null,
      mend: false,
    }));
    await offerBatches(queue, jobs.slice(0, 2));
    await offerBatches(queue, jobs);
    expect(await queue.getPrioritizedCount()).toBe(3);
    expect(await batchStates(queue, jobs)).toEqual(["prioritized", "prioritized", "prioritized"]);
    expect((await queue.getJob(jobIdOf(jobs[2]!)))?.data).toEqual(jobs[2]);
    await withdrawBatches(queue, jobs.slice(1));
    expect(await batchStates(queue, jobs)).toEqual(["prioritized", "unknown", "unknown"]);
  } finally {
    await queue.close();
  }
});

test("a batch with fewer images of its own run before it is taken sooner, whenever it came", async () => {
  const queue = openQueue(servers.redis.url, `${lane}-shared`);
  const jobOf = (run: "large" | "small", n: number) => ({
    schemaVersion: 1 as const,
    run: `s3://b/labels/${run}/`,
    runId: run === "large" ? "20260102t030405z-larger" : "20260102t030405z-smalls",
    range: "r000",
    chunk: "r000-000000",
    batchId: `r000-000000-000${n}`,
    pass: 0,
    rewrite: null,
    retryCode: null,
    mend: false,
  });
  const orderOf = async () =>
    (await queue.getPrioritized()).map(({ data }) => `${data.run.split("/")[4]} ${data.batchId.at(-1)}`);
  try {
    const large = [0, 1, 2].map((n) => jobOf("large", n));
    const small = [0, 1].map((n) => jobOf("small", n));
    await offerBatches(queue, large, ({ batchId }) => 1000 * Number(batchId.at(-1)));
    await offerBatches(queue, small, ({ batchId }) => 50 * Number(batchId.at(-1)));
    expect(await orderOf()).toEqual(["large 0", "small 0", "small 1", "large 1", "large 2"]);
    expect(await withdrawRun(queue, small[0]!.runId)).toBe(2);
    expect(await orderOf()).toEqual(["large 0", "large 1", "large 2"]);
  } finally {
    await queue.obliterate({ force: true });
    await queue.close();
  }
});

test("a worker that fell silent is forgotten, and a run registered twice is listed once", async () => {
  const nowMs = Date.now();
  const worker = { workerId: "w", lanes: [lane], host: "h", device: "cpu", batchSlots: 2, imagesPerSecond: 9 };
  const inputPauses = [{ runId, input: "s3://b/photos", code: "ACCESS_DENIED", sinceMs: nowMs - 1_000 }];
  await beat(redis, { ...worker, inputPauses, seenMs: nowMs });
  await beat(redis, { ...worker, workerId: "gone", inputPauses, seenMs: nowMs - 60_000 });
  const live = await liveWorkers(redis, nowMs);
  expect(live.map(({ workerId }) => workerId)).toEqual(["w"]);
  const later = { ...live[0]!, inputPauses: [{ ...inputPauses[0]!, sinceMs: nowMs }] };
  expect(inputPauseOf([later, ...live], runId)).toEqual({ ...inputPauses[0], workers: 2 });
  expect(inputPauseOf(live, "another run")).toBeNull();
  const run = { runId, lane, run: "s3://b/labels/x/", modelIds: ["m"], createdMs: nowMs };
  await registerRun(redis, run);
  await registerRun(redis, { ...run, lane: "other" });
  expect(await knownRuns(redis)).toEqual([{ ...run, lane: "other" }]);
});

test("an entry that cannot be read hides no other, and is told once", async () => {
  const warned: string[] = [];
  warnOfMalformed(redis, (line) => warned.push(line));
  const nowMs = Date.now();
  const worker = { workerId: "w2", lanes: [lane], host: "h", device: "cpu", batchSlots: 2, imagesPerSecond: 9 };
  await redis.hset("lf:workers", "x", "not json", "y", JSON.stringify({ workerId: "y" }), "z", "null");
  const run = { runId, lane, run: "s3://b/labels/x/", modelIds: ["m"], createdMs: nowMs };
  await registerRun(redis, run);
  await redis.zadd("lf:runs", nowMs, "not json", nowMs + 1, JSON.stringify({ ...run, lane: "a}b" }), nowMs + 2, "[]");
  await redis.sadd("lf:lanes", "}:evil", "x".repeat(100));
  for (let poll = 0; poll < 3; poll++) {
    await beat(redis, { ...worker, seenMs: nowMs });
    expect((await liveWorkers(redis, nowMs)).map(({ workerId }) => workerId)).toContain("w2");
    expect(await knownRuns(redis)).toContainEqual(run);
    expect(await laneOfRun(redis, run)).toBe(lane);
    expect(await knownLanes(redis)).not.toContain("}:evil");
  }
  expect(warned).toHaveLength(3 + 3 + 2);
  expect(Math.max(...warned.map((line) => line.length))).toBeLessThan(300);
});

test("counts and notes that cannot be read count as none", async () => {
  const key = `{lf-${lane}}:run:${runId}`;
  const progress = new RunProgress(redis, lane, runId);
  await progress.reset();
  await redis.hset(key, "b:r000-000000-0000:m", "many", "t:m:ok", "lots", "t:m:failed", "NaN", "m:producer", "{");
  expect(await progress.stand(["m"])).toMatchObject({ totals: [{ ok: 0, failed: 0, batches: 0 }], note: null });
  expect(await progress.lastNote()).toBeNull();
  await progress.count({ batchId: "r000-000000-0000", modelId: "m", ok: 3, failed: 1 });
  await progress.count({ batchId: "r000-000000-0000", modelId: "m", ok: 4, failed: 0 });
  expect((await progress.totals(["m"])).get("m")).toEqual({ ok: 4, failed: 0, batches: 1 });
});

test("a run is registered by its producer, and no job does that", async () => {
  const progress = new RunProgress(redis, lane, runId);
  await progress.reset();
  expect(await progress.registeredRun()).toBeNull();
  await progress.register("s3://b/labels/x/");
  expect(await progress.registeredRun()).toBe("s3://b/labels/x/");
  expect(await progress.lastNote()).toBeNull();
});
