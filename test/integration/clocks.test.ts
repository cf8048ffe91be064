import { LaneQueues } from "@labelfleet/dashboard/lane-queues";
import { FolderFactsCache } from "@labelfleet/dashboard/overview/folder-facts";
import { Rates } from "@labelfleet/dashboard/overview/rates";
import { readOverview } from "@labelfleet/dashboard/overview/read-overview";
import { Reporter } from "@labelfleet/gpu-worker/report/reporter";
import { Presence } from "@labelfleet/producer/presence";
import { specOf } from "@labelfleet/producer/test-support/made-up-run";
import { createLogger } from "@labelfleet/shared/logger";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import { connectRedis, type Redis } from "@labelfleet/shared/redis/connection";
import { liveWorkers } from "@labelfleet/shared/redis/registry";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type RedisServer, startRedis } from "../support/redis-server.js";

let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = await connectRedis(server.url);
});

afterEach(() => vi.restoreAllMocks());

afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** As on a machine whose clock is an hour behind. */
function setClockBack(): void {
  const behindMs = Date.now() - 3_600_000;
  vi.spyOn(Date, "now").mockReturnValue(behindMs);
}

test("a worker on a machine whose clock is wrong is known to be there", async () => {
  setClockBack();
  const reporter = new Reporter({
    redis,
    identity: { workerId: "w", host: "h", versions: {} },
    lanes: ["default"],
    state: () => ({
      device: "cpu",
      slots: { fetch: 1, decode: 1, infer: 1, write: 1 },
      batchSlots: 1,
      batchesInHand: 0,
      slowReads: [],
    }),
    contexts: () => [],
    logger: createLogger({ name: "test", level: "silent" }),
  });
  await reporter.beat();
  vi.restoreAllMocks();
  expect((await liveWorkers(redis, await redisNowMs(redis))).map(({ workerId }) => workerId)).toEqual(["w"]);
  await reporter.stop();
});

test("a producer on a machine whose clock is wrong is not taken for lost", async () => {
  const spec = specOf();
  const progress = new RunProgress(redis, "default", spec.runId);
  const folder = { uri: "s3://memory/run/" } as RunFolder;
  setClockBack();
  const presence = new Presence({ folder, spec, redis, progress, producerId: "p", startedMs: 0 });
  await presence.note("feeding", { images: 1, isComplete: true });
  vi.restoreAllMocks();
  const { seenMs } = (await progress.lastNote())!;
  expect(Math.abs((await redisNowMs(redis)) - seenMs)).toBeLessThan(10_000);
});

test("a dashboard on a machine whose clock is wrong takes no producer for lost", async () => {
  const spec = specOf();
  const progress = new RunProgress(redis, spec.overridable.lane, spec.runId);
  const folder = { uri: "s3://memory/run/" } as RunFolder;
  const presence = new Presence({ folder, spec, redis, progress, producerId: "p", startedMs: 0 });
  await presence.note("feeding", { images: 1, isComplete: true });
  const queues = new LaneQueues(server.url);
  const sources = { redis, queues, rates: new Rates(), folders: new FolderFactsCache() };
  for (const offMs of [-3_600_000, 3_600_000]) {
    const { runs } = await readOverview(sources, Date.now() + offMs);
    expect(runs).toMatchObject([{ runId: spec.runId, state: "feeding" }]);
  }
  await queues.close();
});
