import { lanePrefix } from "@labelfleet/shared/queue/lanes";
import { connectRedis } from "@labelfleet/shared/redis/connection";
import { beat, registerRun } from "@labelfleet/shared/redis/registry";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { seededRandom } from "@labelfleet/test/support/random";

const tickMs = 2_000;

/** A Redis as a large fleet leaves it: workers that go on beating, runs of which a tenth goes on. Returns how to end it. */
export async function makeBusyFleet(
  redisUrl: string,
  { workers, runs }: { workers: number; runs: number },
): Promise<() => Promise<void>> {
  const redis = await connectRedis(redisUrl);
  const random = seededRandom(1);
  const startedMs = Date.now();
  const lanes = ["default", "large", "night"];
  const all = Array.from({ length: runs }, (_, i) => {
    const runId = `20260101t${String(i).padStart(6, "0")}z-abcdef`;
    const lane = lanes[i % lanes.length]!;
    return {
      progress: new RunProgress(redis, lane, runId),
      key: `${lanePrefix(lane)}:run:${runId}`,
      isLive: i >= runs * 0.9,
      done: Math.floor(random() * 50_000),
      entry: {
        runId,
        lane,
        run: `file:///out/${runId}/`,
        modelIds: ["efficientnet-lite0"],
        createdMs: startedMs - (runs - i) * 60_000,
      },
    };
  });
  for (const { entry } of all) await registerRun(redis, entry);
  const tick = async () => {
    const nowMs = Date.now();
    for (let i = 0; i < workers; i++) {
      await beat(redis, {
        workerId: `node-${i}-worker`,
        lanes: [lanes[i % lanes.length]!],
        host: `node-${i}`,
        device: i % 4 === 0 ? "cuda" : "cpu",
        batchSlots: 4,
        imagesPerSecond: Math.round(1_000 * random()) / 10,
        seenMs: nowMs,
        models: ["efficientnet-lite0"],
        batchesInHand: i % 5,
        busy: { fetch: 0.2, decode: random(), infer: random(), write: 0.01 },
        inputPauses: [],
      });
    }
    for (const run of all) {
      if (run.isLive) run.done += Math.floor(200 * random());
      await run.progress.note({
        state: run.isLive ? "feeding" : "done",
        run: run.entry.run,
        producerId: "bench",
        listedImages: 100_000,
        listingComplete: true,
        seenMs: nowMs,
      });
      const failed = Math.floor(run.done / 500);
      await redis.hset(run.key, "t:efficientnet-lite0:ok", run.done - failed, "t:efficientnet-lite0:failed", failed);
    }
  };
  await tick();
  let isOver = false;
  const ticking = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, tickMs));
      if (!isOver) await tick();
    }
  })();
  return async () => {
    isOver = true;
    await ticking;
    redis.disconnect();
  };
}
