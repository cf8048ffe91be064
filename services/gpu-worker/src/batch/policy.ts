/** What may be decided about the images that wait for one model. */
export interface BatchLimits {
  /** Images that one inference call takes at most. */
  maxBatchSize: number;
  /** How long an image may wait for others to join it while a thread is free; 0 = never. */
  maxWaitMs: number;
}

/** The images that wait for one model, as far as the decision needs them. */
export interface WaitingImages {
  count: number;
  oldestWaitMs: number;
  /** Whether a thread can take a batch of this model now. */
  canTake: boolean;
}

export type Decision = { action: "send"; count: number } | { action: "wait"; ms: number } | { action: "idle" };

/**
 * Send now, or wait this long: a full batch goes at once, a partial one when its oldest image has waited long enough.
 * Pure; time stands in the argument. Where no thread is free the answer is "idle": a free thread asks again.
 */
export function decide(waiting: WaitingImages, limits: BatchLimits): Decision {
  if (waiting.count === 0 || !waiting.canTake) return { action: "idle" };
  if (waiting.count >= limits.maxBatchSize) return { action: "send", count: limits.maxBatchSize };
  const remainingMs = limits.maxWaitMs - waiting.oldestWaitMs;
  return remainingMs <= 0 ? { action: "send", count: waiting.count } : { action: "wait", ms: remainingMs };
}

/**
 * On a CPU a batch costs more than its images one by one (B0: 17.5 ms an image alone, 18.1 in twos, 21.6 in fours, because what lies
 * between two layers no longer fits the core's cache); on a GPU launches are what batches save.
 */
export function defaultLimits(device: string): BatchLimits {
  return device === "cpu" ? { maxBatchSize: 1, maxWaitMs: 0 } : { maxBatchSize: 64, maxWaitMs: 20 };
}
