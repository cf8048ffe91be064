import type { WorkerBeat } from "@labelfleet/shared/redis/registry";

const leastWindowBatches = 64;
const windowsPerSlot = 4;

/**
 * How many batches a run keeps in the queue: enough that no worker of the lane runs dry between two looks, and few enough
 * that runs which share a lane take turns and Redis stays small.
 */
export function windowBatches(workers: Pick<WorkerBeat, "lanes" | "batchSlots">[], lane: string): number {
  const slots = workers
    .filter((worker) => worker.lanes.includes(lane))
    .reduce((sum, { batchSlots }) => sum + batchSlots, 0);
  return Math.max(leastWindowBatches, windowsPerSlot * slots);
}

export type Remedy = "wait" | "check" | "give up";

/**
 * What a batch that is not counted as finished needs, by its state in the queue. "check": the queue has nothing to do for
 * it, so either its shards are there and its count was lost, or the queue was emptied.
 */
export function remedyOf(queueState: string): Remedy {
  if (queueState === "failed") return "give up";
  return queueState === "unknown" || queueState === "completed" ? "check" : "wait";
}
