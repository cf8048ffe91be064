import type { Redis } from "ioredis";
import type { BatchQueue } from "./batch-queue.js";

/** What waits and runs on a lane, in batches. */
export interface LaneState {
  waiting: number;
  active: number;
  /** Waiting for another attempt. */
  delayed: number;
  failed: number;
  /** When the oldest of the waiting batches that come next was fed (Unix time); null when none waits. */
  oldestWaitingMs: number | null;
}

/** Waiting batches whose age is looked at: those that are taken next. */
const agedBatches = 100;

export async function readLane(redis: Redis, queue: BatchQueue): Promise<LaneState> {
  const [counts, fedMs] = await Promise.all([
    queue.getJobCounts("wait", "prioritized", "active", "delayed", "failed"),
    feedTimes(redis, queue),
  ]);
  return {
    waiting: (counts.wait ?? 0) + (counts.prioritized ?? 0),
    active: counts.active ?? 0,
    delayed: counts.delayed ?? 0,
    failed: counts.failed ?? 0,
    oldestWaitingMs: fedMs.length === 0 ? null : Math.min(...fedMs),
  };
}

/** When the batches that come next were fed. Nothing else of them is read: whatever a job holds, it hides no lane. */
async function feedTimes(redis: Redis, queue: BatchQueue): Promise<number[]> {
  const jobIds = await queue.getRanges(["wait", "prioritized"], 0, agedBatches - 1, true);
  const times = await Promise.all(jobIds.map((jobId) => redis.hget(queue.toKey(jobId), "timestamp")));
  // A batch may be taken between the two commands that list it and read it.
  return times.flatMap((time) => (time === null ? [] : Number(time))).filter(Number.isFinite);
}
