import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { openQueue, withdrawRun } from "@labelfleet/shared/queue/batch-queue";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { laneOfRun } from "@labelfleet/shared/redis/registry";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { readFinished } from "./finalize/finalize-run.js";

interface Controlled {
  folder: RunFolder;
  spec: RunSpec;
}

interface WithRedis {
  redis: Redis;
  redisUrl: string;
}

/** The lane that a run is on now: its last producer's, which need not be that of run.json. */
export async function currentLane(redis: Redis, spec: RunSpec): Promise<string> {
  const known = { runId: spec.runId, createdMs: Date.parse(spec.frozen.created) };
  return (await laneOfRun(redis, known)) ?? spec.overridable.lane;
}

/**
 * Stops the feeding of a run until `resume`: a note in Redis ends its producer, and its batches leave the queue. Workers finish
 * what they hold. Returns false, and does nothing, for a complete run. @throws RUN_CANCELLED
 */
export async function pauseRun({ folder, spec, redis, redisUrl }: Controlled & WithRedis): Promise<boolean> {
  if ((await readFinished(folder)) !== null) return false;
  await checkNotCancelled(folder);
  await new RunProgress(redis, await currentLane(redis, spec), spec.runId).pause();
  await withdraw({ redis, redisUrl }, spec);
  return true;
}

/** Takes the notes of `pauseRun` and `cancelRun` in Redis away. */
export async function unpauseRun(redis: Redis, spec: RunSpec): Promise<void> {
  const lanes = new Set([spec.overridable.lane, await currentLane(redis, spec)]);
  for (const lane of lanes) await new RunProgress(redis, lane, spec.runId).goOn();
}

/**
 * Stops a run for good: a mark in its folder ends its producer within seconds and keeps `resume` from starting another. What is
 * labelled stays. Its batches leave the queue where the Redis is known. Returns false, and does nothing, for a complete run.
 */
export async function cancelRun({ folder, spec, shared }: Controlled & { shared: WithRedis | null }): Promise<boolean> {
  if ((await readFinished(folder)) !== null) return false;
  await folder.writeJsonFirst(runNames.cancelled, { schemaVersion: 1, cancelled: new Date().toISOString() });
  if (shared === null) return true;
  await new RunProgress(shared.redis, await currentLane(shared.redis, spec), spec.runId).noteCancelled();
  await withdraw(shared, spec);
  return true;
}

/** Takes the mark of `cancelRun` away. */
export async function uncancelRun(folder: RunFolder): Promise<void> {
  await folder.store.delete(folder.keyOf(runNames.cancelled));
}

/** @throws RUN_CANCELLED */
export async function checkNotCancelled(folder: RunFolder): Promise<void> {
  if (!(await folder.isCancelled())) return;
  throw new LabelfleetError(
    "RUN_CANCELLED",
    `${folder.uri} was cancelled: start a new run, or resume it anyway with npx labelfleet resume ${folder.uri} --force`,
  );
}

async function withdraw({ redis, redisUrl }: WithRedis, spec: RunSpec): Promise<void> {
  const queue = openQueue(redisUrl, await currentLane(redis, spec));
  try {
    await withdrawRun(queue, spec.runId);
  } finally {
    await queue.close();
  }
}
