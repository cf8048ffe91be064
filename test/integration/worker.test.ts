import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { batchSlotBounds, batchSlotsFor, maxImagesInFlight } from "@labelfleet/gpu-worker/bounds";
import { planThreads } from "@labelfleet/gpu-worker/cores";
import { runWorker } from "@labelfleet/gpu-worker/worker";
import { resolveModel } from "@labelfleet/models/registry";
import type { PreparedRun } from "@labelfleet/producer/start/prepare-run";
import { readConfig } from "@labelfleet/shared/config";
import { type BatchJob, jobIdOf } from "@labelfleet/shared/contract/batch-job";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { createLogger } from "@labelfleet/shared/logger";
import { type BatchQueue, openQueue } from "@labelfleet/shared/queue/batch-queue";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import { liveWorkers } from "@labelfleet/shared/redis/registry";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { checkoutDir } from "../containers/checkout.js";
import { findLeaks, type LeakSnapshot, takeSnapshot } from "../support/leaks.js";
import { makePhotos } from "../support/photos.js";
import { type OwnTemporaryDir, ownTemporaryDir } from "../support/temporary-dir.js";
import { ProducerRig } from "./producer-rig.js";

const batchImages = 4;
const photoCount = 12;
const modelIds = ["efficientnet-lite0", "efficientnet-lite1"];

let temporary: OwnTemporaryDir;
let before: LeakSnapshot;
let rig: ProducerRig;
let input: string;
let queue: BatchQueue;
let run: PreparedRun;
const stopping: (() => Promise<void>)[] = [];

beforeAll(async () => {
  temporary = await ownTemporaryDir("worker");
  before = await takeSnapshot(temporary.dir);
  rig = await ProducerRig.start();
  input = join(rig.dir, "photos");
  await mkdir(input);
  for (const { name, bytes } of await makePhotos({ count: photoCount, widthPx: 160, heightPx: 120, seed: 3 })) {
    await writeFile(join(input, name), bytes);
  }
  queue = openQueue(rig.server.url, "default");
  run = await rig.prepare(input, {
    batchImages,
    models: await Promise.all(modelIds.map((name) => resolveModel(name))),
  });
});

afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop();
  await queue.obliterate({ force: true });
});

afterAll(async () => {
  await queue.close();
  await rig.stop();
  const leaks = await findLeaks(before);
  await temporary.release();
  expect(leaks).toEqual([]);
});

/** A worker in this process, ready to take batches; stopped after the test. */
async function startWorker(
  lanes = ["default"],
  { onLine = () => {} }: { onLine?: (line: string) => void } = {},
): Promise<void> {
  const logger = createLogger({ name: "test", level: "silent" });
  vi.spyOn(logger, "warn").mockImplementation((line: unknown) => onLine(String(line)));
  const stop = new AbortController();
  const ready = new Promise<void>((resolve, reject) => {
    const running = runWorker(
      {
        ...readConfig({}),
        redisUrl: rig.server.url,
        lanes,
        device: "cpu",
        cores: 1,
        cacheDir: join(checkoutDir, ".cache/test-models"),
        graceMs: 5_000,
        logger,
        onReady: () => resolve(),
      },
      stop.signal,
    );
    running.catch(reject);
    stopping.push(async () => {
      stop.abort();
      await running;
    });
  });
  await ready;
}

function jobOf(n: number, changes: Partial<BatchJob> = {}): BatchJob {
  const chunk = "r000-000000";
  const batchId = `${chunk}-${String(n).padStart(4, "0")}`;
  const { runId } = run.spec;
  return {
    schemaVersion: 1,
    run: run.folder.uri,
    runId,
    range: "r000",
    chunk,
    batchId,
    pass: 0,
    rewrite: null,
    retryCode: null,
    mend: false,
    ...changes,
  };
}

async function deliver(job: BatchJob, attempts = 1): Promise<void> {
  await progress().register(run.folder.uri);
  await queue.add("batch", job, { jobId: jobIdOf(job), attempts, backoff: 0 });
}

async function settled(job: BatchJob): Promise<string> {
  const jobId = jobIdOf(job);
  await expect.poll(() => queue.getJobState(jobId), { timeout: 20_000 }).toMatch(/completed|failed/);
  return queue.getJobState(jobId);
}

const shardPath = (modelId: string, n: number) =>
  fileURLToPath(new URL(`predictions/model=${modelId}/${jobOf(n).batchId}.jsonl`, run.folder.uri));

async function shard(modelId: string, n: number): Promise<Prediction[]> {
  const text = await readFile(shardPath(modelId, n), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Prediction);
}

const progress = () => new RunProgress(rig.redis, "default", run.spec.runId);

describe("a worker", () => {
  it("labels the batch's slice of the manifest, counts it and then acknowledges", async () => {
    await startWorker();
    await deliver(jobOf(1));
    expect(await settled(jobOf(1))).toBe("completed");
    const entries = (await run.folder.readChunk("r000-000000")).slice(batchImages, 2 * batchImages);
    for (const modelId of modelIds) {
      const records = await shard(modelId, 1);
      expect(records.map(({ key, etag, sizeBytes }) => ({ key, etag, sizeBytes }))).toEqual(entries);
      expect(records.every((record) => record.modelId === modelId && record.status === "ok")).toBe(true);
    }
    expect(await progress().finished([jobOf(1).batchId], modelIds)).toEqual([true]);
    expect((await progress().totals(modelIds)).get(modelIds[0]!)).toEqual({ ok: batchImages, failed: 0, batches: 1 });
  });

  it("computes only the models whose shard is missing, and counts what lies there", async () => {
    await startWorker();
    const [kept, removed] = modelIds as [string, string];
    const before = await readFile(shardPath(kept, 1));
    const { mtimeNs } = await stat(shardPath(kept, 1), { bigint: true });
    await rm(shardPath(removed, 1));
    await progress().reset();
    await deliver(jobOf(1));
    expect(await settled(jobOf(1))).toBe("completed");
    expect((await readFile(shardPath(kept, 1))).equals(before)).toBe(true);
    expect((await stat(shardPath(kept, 1), { bigint: true })).mtimeNs).toBe(mtimeNs);
    expect(await shard(removed, 1)).toHaveLength(batchImages);
    expect(await progress().finished([jobOf(1).batchId], modelIds)).toEqual([true]);
  });

  it("does not read an image again for a batch that is done", async () => {
    await startWorker();
    const [entry] = (await run.folder.readChunk("r000-000000")).slice(batchImages);
    const path = join(input, entry!.key);
    const bytes = await readFile(path);
    const shardBefore = await readFile(shardPath(modelIds[0]!, 1));
    await rm(path);
    try {
      await deliver(jobOf(1));
      expect(await settled(jobOf(1))).toBe("completed");
      expect((await readFile(shardPath(modelIds[0]!, 1))).equals(shardBefore)).toBe(true);
    } finally {
      await writeFile(path, bytes);
    }
  });

  it("refuses a job whose run no producer registered, once and without reading anything there", async () => {
    const lines: string[] = [];
    await startWorker(["default"], { onLine: (line) => lines.push(line) });
    const runId = `${run.spec.runId.slice(0, -1)}x`;
    const elsewhere = await mkdtemp(join(tmpdir(), "lf-elsewhere-"));
    const foreign = jobOf(0, { run: `file://${elsewhere}/${runId}/`, runId });
    // As Bull Board adds it: with any options.
    await queue.add("batch", foreign, { jobId: "by-hand", attempts: 50 });
    // Of a run that is registered, at another address.
    const moved = jobOf(1, { run: `file://${elsewhere}/${run.spec.runId}/` });
    await deliver(moved, 50);
    const stateOf = async (jobId: string) => (await queue.getJob(jobId))?.failedReason;
    await expect.poll(() => stateOf("by-hand"), { timeout: 20_000 }).toContain("no producer registered this run");
    await expect.poll(() => stateOf(jobIdOf(moved)), { timeout: 20_000 }).toContain(run.folder.uri);
    expect((await queue.getJob("by-hand"))?.attemptsMade).toBe(1);
    expect(lines.filter((line) => line.includes("by-hand"))).toHaveLength(1);
    expect(await readdir(elsewhere)).toEqual([]);
    await rm(elsewhere, { recursive: true });
  });

  it("fails a job of any size at once, in a line that can be read", async () => {
    const lines: string[] = [];
    await startWorker(["default"], { onLine: (line) => lines.push(line) });
    const long = "x".repeat(5_000_000);
    await queue.add("batch", jobOf(0, { run: `file:///${long}` }), { jobId: "long", attempts: 3 });
    await expect
      .poll(async () => (await queue.getJob("long"))?.failedReason, { timeout: 20_000 })
      .toContain("not a batch job");
    await rig.redis.hset(queue.toKey("torn"), { data: "{", name: "batch", opts: "{}", timestamp: "1" });
    await rig.redis.lpush(queue.toKey("wait"), "torn");
    await rig.redis.zadd(queue.toKey("marker"), 0, "0");
    await expect
      .poll(() => rig.redis.hget(queue.toKey("torn"), "failedReason"), { timeout: 20_000 })
      .toContain("not a batch job");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(1_000);
    await deliver(jobOf(2));
    expect(await settled(jobOf(2))).toBe("completed");
  });

  it("fails a job that it cannot read at once, and one of a run that is gone after its attempts, and goes on", async () => {
    await startWorker();
    const nonsense = jobOf(0, { batchId: "../../etc/passwd" });
    await deliver(nonsense, 3);
    const gone = jobOf(0, {
      run: `${run.folder.uri.replace(/\/$/, "")}-gone/`,
      runId: `${run.spec.runId.slice(0, -1)}x`,
    });
    await new RunProgress(rig.redis, "default", gone.runId).register(gone.run);
    await deliver(gone, 2);
    const beyond = jobOf(photoCount);
    await deliver(beyond);
    await deliver(jobOf(2));
    expect(await settled(nonsense)).toBe("failed");
    expect((await queue.getJob(jobIdOf(nonsense)))?.attemptsMade).toBe(1);
    expect(await settled(gone)).toBe("failed");
    expect((await queue.getJob(jobIdOf(gone)))?.failedReason).toContain("run.json");
    expect(await settled(beyond)).toBe("failed");
    expect((await queue.getJob(jobIdOf(beyond)))?.failedReason).toContain(beyond.batchId);
    expect(await settled(jobOf(2))).toBe("completed");
    expect(await shard(modelIds[0]!, 2)).toHaveLength(batchImages);
  });

  it("is known while it lives, and forgotten when it has stopped", async () => {
    await startWorker();
    const [worker] = await liveWorkers(rig.redis, await redisNowMs(rig.redis));
    expect(worker).toMatchObject({ lanes: ["default"] });
    for (const stop of stopping.splice(0)) await stop();
    expect(await liveWorkers(rig.redis, await redisNowMs(rig.redis))).toEqual([]);
  });

  it("works without being announced while Redis is full", async () => {
    await rig.server.command("CONFIG", "SET", "maxmemory", "1");
    try {
      await startWorker(["default", "other"]);
      expect(await liveWorkers(rig.redis, await redisNowMs(rig.redis))).toEqual([]);
    } finally {
      await rig.server.command("CONFIG", "SET", "maxmemory", "0");
    }
    await deliver(jobOf(1));
    expect(await settled(jobOf(1))).toBe("completed");
  });

  it("takes many small batches of one lane, and of another lane as few as before", async () => {
    await startWorker(["default", "idle"]);
    const slots = async () => (await liveWorkers(rig.redis, await redisNowMs(rig.redis)))[0]?.batchSlots;
    expect(await slots()).toBe(2 * batchSlotBounds.min);
    await deliver(jobOf(0));
    const many = batchSlotsFor(batchImages, maxImagesInFlight(planThreads(1)));
    expect(many).toBeGreaterThan(4 * batchSlotBounds.min);
    await vi.waitFor(async () => expect(await slots()).toBe(many + batchSlotBounds.min), 15_000);
  });

  it("of two that race for one batch each way, one shard stays and both count the same", async () => {
    await Promise.all([startWorker(), startWorker()]);
    // The same batch under two job ids, as after a lost lock.
    const twin = jobOf(0, { pass: 1 });
    await Promise.all([deliver(jobOf(0)), deliver(twin)]);
    expect([await settled(jobOf(0)), await settled(twin)]).toEqual(["completed", "completed"]);
    for (const modelId of modelIds) {
      const records = await shard(modelId, 0);
      expect(records).toHaveLength(batchImages);
      expect(new Set(records.map(({ workerId }) => workerId)).size).toBe(1);
    }
    expect(await progress().finished([jobOf(0).batchId], modelIds)).toEqual([true]);
  });
});
