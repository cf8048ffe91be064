import { largestBucket } from "./buckets.js";

/** What may be decided about the images that wait for one model. */
export interface BatchLimits {
  /** Images that one inference call takes at most. */
  maxBatchSize: number;
  /** How long an image may wait for others to join it while a thread is free; 0 = never. */
  maxWaitMs: number;
  /**
   * Whether a call may have any number of images up to the maximum. A GPU plans anew for each size that it meets, so there the
   * sizes are few (buckets.ts).
   */
  anySize: boolean;
}

/** The images that wait for one model, as far as the decision needs them. */
export interface WaitingImages {
  count: number;
  oldestWaitMs: number;
  /** Whether a thread can take a batch of this model now. */
  canTake: boolean;
  /** Of a model that is not loaded; null: it is loaded, or being loaded. */
  absence: Absence | null;
}

/** On what terms a model that is not loaded gets its turn. */
export interface Absence {
  /** How long its images wait for more of them. */
  maxWaitMs: number;
  /** As many as there can be: no more will come before these are done. */
  maxImages: number;
  /** What is left of the turn of the models that would have to make room; it ends early when no images wait for them. */
  turnMs: number;
}

export type Decision =
  | { action: "send"; count: number }
  /** Load the model, at the expense of others where it must be. */
  | { action: "bring" }
  | { action: "wait"; ms: number }
  | { action: "idle" };

/**
 * Send now, or wait this long: a full batch goes at once, a partial one when its oldest image has waited long enough.
 * Pure; time stands in the argument. Where no thread is free the answer is "idle": a free thread asks again.
 *
 * @param othersWork whether images wait for models that are loaded
 */
export function decide(waiting: WaitingImages, limits: BatchLimits, othersWork = false): Decision {
  const { count, oldestWaitMs, canTake, absence } = waiting;
  if (count === 0) return { action: "idle" };
  if (absence !== null) {
    const gatherMs = count >= absence.maxImages ? 0 : absence.maxWaitMs - oldestWaitMs;
    const remainingMs = othersWork ? Math.max(gatherMs, absence.turnMs) : gatherMs;
    return remainingMs <= 0 ? { action: "bring" } : { action: "wait", ms: remainingMs };
  }
  if (!canTake) return { action: "idle" };
  if (count >= limits.maxBatchSize) return { action: "send", count: limits.maxBatchSize };
  const remainingMs = limits.maxWaitMs - oldestWaitMs;
  if (remainingMs > 0) return { action: "wait", ms: remainingMs };
  return { action: "send", count: limits.anySize ? count : largestBucket(count) };
}

export interface ModelQueue extends WaitingImages {
  modelKey: string;
  limits: BatchLimits;
}

export type NextAction = Exclude<Decision, { action: "idle" }> & { modelKey: string };

/**
 * What to do first, of all models: the one whose oldest image waits longest is asked first, so none is starved. Where there is
 * nothing to do now, the shortest wait; null where nobody waits for time to pass.
 */
export function nextAction(queues: readonly ModelQueue[]): NextAction | null {
  const byAge = queues.filter(({ count }) => count > 0).sort((a, b) => b.oldestWaitMs - a.oldestWaitMs);
  const othersWork = byAge.some(({ absence }) => absence === null);
  let wait: (NextAction & { action: "wait" }) | null = null;
  for (const queue of byAge) {
    const { modelKey } = queue;
    const decision = decide(queue, queue.limits, othersWork);
    if (decision.action === "send" || decision.action === "bring") return { ...decision, modelKey };
    if (decision.action === "wait" && (wait === null || decision.ms < wait.ms)) wait = { ...decision, modelKey };
  }
  return wait;
}
