import type { Redis } from "ioredis";
import { z } from "zod";
import { maxUriCharacters, modelIdSchema, runIdSchema } from "../contract/ids.js";
import { laneNameSchema } from "../contract/run-spec.js";
import { workerStages } from "../contract/stats.js";
import { parsedEntry, tellOnce } from "./malformed.js";

/** Who is there: lanes, runs and workers, for `status`, the dashboard and the feeder's window. All of it is advisory. */
const lanesKey = "lf:lanes";
const runsKey = "lf:runs";
const workersKey = "lf:workers";

const keptRuns = 1_000;
/** A worker that said nothing for this long is gone. */
export const workerSilenceMs = 20_000;

const registeredRunSchema = z.object({
  runId: runIdSchema,
  lane: laneNameSchema,
  run: z.string().max(maxUriCharacters),
  modelIds: z.array(modelIdSchema),
  createdMs: z.number(),
});
export type RegisteredRun = z.infer<typeof registeredRunSchema>;

/** A run's input that a worker waits for, because it can read nothing of it. */
const inputPauseSchema = z.object({
  runId: z.string(),
  /** The input's URI. */
  input: z.string(),
  /** What its store answers. */
  code: z.string(),
  sinceMs: z.int(),
});
export type InputPause = z.infer<typeof inputPauseSchema>;

/** An object that a worker is reading for more than some seconds. */
const slowReadSchema = z.object({
  runId: z.string(),
  key: z.string(),
  /** Milliseconds since the read began. */
  forMs: z.int().min(0),
  receivedBytes: z.int().min(0),
  /** null until the store has said it. */
  sizeBytes: z.int().min(0).nullable(),
});
export type SlowRead = z.infer<typeof slowReadSchema>;

const workerBeatSchema = z.object({
  workerId: z.string(),
  lanes: z.array(z.string()),
  host: z.string(),
  device: z.string(),
  /** Batches it holds at once. */
  batchSlots: z.int(),
  imagesPerSecond: z.number(),
  inputPauses: z.array(inputPauseSchema).default([]),
  /** The oldest few, the oldest first. */
  slowReads: z.array(slowReadSchema).default([]),
  /** By the clock of Redis. */
  seenMs: z.int(),
  /** Ids of the models that it holds for its open runs. */
  models: z.array(z.string()).default([]),
  /** Batches that it works on now. */
  batchesInHand: z.int().default(0),
  /** Batches of first passes that are not written yet, with how many of their images are labelled. */
  imagesInHand: z.array(z.object({ runId: z.string(), batchId: z.string(), images: z.int().min(0) })).default([]),
  /** Part of the time since its last word in which each stage's slots were busy. */
  busy: z.record(z.enum(workerStages), z.number()).default({ fetch: 0, decode: 0, infer: 0, write: 0 }),
});
export type WorkerBeat = z.infer<typeof workerBeatSchema>;

export async function registerLane(redis: Redis, lane: string): Promise<void> {
  await redis.sadd(lanesKey, lane);
}

export async function knownLanes(redis: Redis): Promise<string[]> {
  const lanes = await redis.smembers(lanesKey);
  const isLane = (lane: string) => {
    const isName = laneNameSchema.safeParse(lane).success;
    if (!isName) tellOnce(redis, `${lanesKey} ${lane}`);
    return isName;
  };
  return lanes.filter(isLane).sort();
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
  return runsIn(redis, entries).find(({ runId }) => runId === run.runId)?.lane ?? null;
}

/** Newest first. */
export async function knownRuns(redis: Redis, limit = 100): Promise<RegisteredRun[]> {
  const entries = await redis.zrevrange(runsKey, 0, limit - 1);
  return runsIn(redis, entries);
}

function runsIn(redis: Redis, entries: string[]): RegisteredRun[] {
  return entries.flatMap((text) => parsedEntry(redis, `${runsKey} ${text}`, text, registeredRunSchema) ?? []);
}

export async function beat(redis: Redis, worker: z.input<typeof workerBeatSchema>): Promise<void> {
  await redis.hset(workersKey, worker.workerId, JSON.stringify(worker));
}

export async function removeWorker(redis: Redis, workerId: string): Promise<void> {
  await redis.hdel(workersKey, workerId);
}

/**
 * Workers that spoke within the last 20 s; the others are forgotten on the way, and with them what cannot be read: a worker
 * that is there says it again.
 *
 * @param nowMs as redisNowMs says
 */
export async function liveWorkers(redis: Redis, nowMs: number): Promise<WorkerBeat[]> {
  const entries = Object.entries(await redis.hgetall(workersKey));
  const live: WorkerBeat[] = [];
  for (const [workerId, text] of entries) {
    const worker = parsedEntry(redis, `${workersKey} ${workerId}`, text, workerBeatSchema);
    if (worker !== null && nowMs - worker.seenMs < workerSilenceMs) live.push(worker);
    else await redis.hdel(workersKey, workerId);
  }
  return live;
}

/** The longest of the pauses that these workers make for a run, and how many wait; null when none does. */
export function inputPauseOf(
  workers: Pick<WorkerBeat, "inputPauses">[],
  runId: string,
): (InputPause & { workers: number }) | null {
  const pauses = workers.flatMap(({ inputPauses }) => inputPauses.find((pause) => pause.runId === runId) ?? []);
  const [longest] = pauses.sort((a, b) => a.sinceMs - b.sinceMs);
  return longest === undefined ? null : { ...longest, workers: pauses.length };
}

/** What these workers read for long of a run, the oldest first. */
export function slowReadsOf(workers: Pick<WorkerBeat, "slowReads">[], runId: string): Omit<SlowRead, "runId">[] {
  const ofRun = workers.flatMap(({ slowReads }) => slowReads.filter((read) => read.runId === runId));
  return ofRun.sort((a, b) => b.forMs - a.forMs).map(({ runId: _, ...read }) => read);
}
