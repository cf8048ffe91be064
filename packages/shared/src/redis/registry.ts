import type { Redis } from "ioredis";
import { z } from "zod";

/** Who is there: lanes, runs and workers, for `status`, the dashboard and the feeder's window. All of it is advisory. */
const lanesKey = "lf:lanes";
const runsKey = "lf:runs";
const workersKey = "lf:workers";

const keptRuns = 1_000;
/** A worker that said nothing for this long is gone. */
export const workerSilenceMs = 20_000;

export interface RegisteredRun {
  runId: string;
  lane: string;
  run: string;
  modelIds: string[];
  createdMs: number;
}

const workerBeatSchema = z.object({
  workerId: z.string(),
  lanes: z.array(z.string()),
  host: z.string(),
  device: z.string(),
  /** Batches it holds at once. */
  batchSlots: z.int(),
  imagesPerSecond: z.number(),
  /** By the clock of Redis. */
  seenMs: z.int(),
});
export type WorkerBeat = z.infer<typeof workerBeatSchema>;

export async function registerLane(redis: Redis, lane: string): Promise<void> {
  await redis.sadd(lanesKey, lane);
}

export async function knownLanes(redis: Redis): Promise<string[]> {
  return (await redis.smembers(lanesKey)).sort();
}

export async function registerRun(redis: Redis, run: RegisteredRun): Promise<void> {
  await registerLane(redis, run.lane);
  const entry = JSON.stringify(run);
  const stale = await redis.zrangebyscore(runsKey, run.createdMs, run.createdMs);
  const replaced = stale.filter((text) => text.includes(`"${run.runId}"`));
  if (replaced.length > 0) await redis.zrem(runsKey, ...replaced);
  await redis.zadd(runsKey, run.createdMs, entry);
  await redis.zremrangebyrank(runsKey, 0, -keptRuns - 1);
}

/** The lane that the run's last producer used, which `resume --lane` may have changed; null when Redis does not know the run. */
export async function laneOfRun(redis: Redis, run: Pick<RegisteredRun, "runId" | "createdMs">): Promise<string | null> {
  const entries = await redis.zrangebyscore(runsKey, run.createdMs, run.createdMs);
  const found = entries.map((text) => JSON.parse(text) as RegisteredRun).find(({ runId }) => runId === run.runId);
  return found?.lane ?? null;
}

/** Newest first. */
export async function knownRuns(redis: Redis, limit = 100): Promise<RegisteredRun[]> {
  const entries = await redis.zrevrange(runsKey, 0, limit - 1);
  return entries.map((text) => JSON.parse(text) as RegisteredRun);
}

export async function beat(redis: Redis, worker: WorkerBeat): Promise<void> {
  await redis.hset(workersKey, worker.workerId, JSON.stringify(worker));
}

export async function removeWorker(redis: Redis, workerId: string): Promise<void> {
  await redis.hdel(workersKey, workerId);
}

/**
 * Workers that spoke within the last 20 s; the others are forgotten on the way.
 *
 * @param nowMs as redisNowMs says
 */
export async function liveWorkers(redis: Redis, nowMs: number): Promise<WorkerBeat[]> {
  const entries = Object.entries(await redis.hgetall(workersKey));
  const live: WorkerBeat[] = [];
  for (const [workerId, text] of entries) {
    const parsed = workerBeatSchema.safeParse(JSON.parse(text));
    if (parsed.success && nowMs - parsed.data.seenMs < workerSilenceMs) live.push(parsed.data);
    else await redis.hdel(workersKey, workerId);
  }
  return live;
}
