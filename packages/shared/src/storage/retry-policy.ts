import { setTimeout as sleepFor } from "node:timers/promises";
import { LabelfleetError } from "../errors.js";

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  maxAttempts: number;
  baseMs: number;
  /** No single wait is longer. */
  capMs: number;
}

export interface RetryEffects {
  /** In [0, 1). */
  random: () => number;
  sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export const realEffects: RetryEffects = {
  random: Math.random,
  sleep: async (ms, signal) => {
    // Aborting rejects here; the caller's check of the signal then reports its reason.
    await sleepFor(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
  },
};

/** Throttling asks for room, so its waits start this many times higher. */
const throttledFactor = 4;

/** What is sent slower than this is not a transfer any more, in bytes a second. */
const slowestBytesPerSecond = 64 * 1024;

/** A body of which less comes has stalled; it is asked for again over another connection. In bytes a second. */
const leastBytesPerSecond = 1024;

/** How long the reading of one object may take in all its attempts, unless the caller says so; more for large ones. */
export const defaultMaxReadMs = 300_000;
const boundBytesPerSecond = 256 * 1024;

/** An attempt's transfer is looked at so many times in each window of its time-out. */
export const looksPerWindow = 4;

/**
 * The wait before attempt `failures + 1`: exponential back-off with half of it as jitter, so that many clients that failed
 * together do not come back together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, "equal").
 */
export function backoffMs(policy: RetryPolicy, failures: number, throttled: boolean, random: number): number {
  const baseMs = throttled ? policy.baseMs * throttledFactor : policy.baseMs;
  const ceilingMs = Math.min(policy.capMs, baseMs * 2 ** (failures - 1));
  return ceilingMs / 2 + (random * ceilingMs) / 2;
}

/** How long one attempt that sends `sizeBytes` may take in all. */
export function attemptDeadlineMs(timeoutMs: number, sizeBytes: number): number {
  return timeoutMs + (sizeBytes / slowestBytesPerSecond) * 1000;
}

/** How long reading an object of `sizeBytes` may take in all its attempts: 4 s more for each MiB. */
export function readBoundMs(maxReadMs: number, sizeBytes: number): number {
  return maxReadMs + (sizeBytes / boundBytesPerSecond) * 1000;
}

/**
 * Whether a transfer has stalled: less came in the last `windowMs` than any real one brings.
 *
 * @param looks bytes that had come at each look so far, `looksPerWindow` of them in each window
 */
export function hasStalled(looks: readonly number[], windowMs: number): boolean {
  if (looks.length < looksPerWindow) return false;
  const newBytes = looks.at(-1)! - (looks.at(-1 - looksPerWindow) ?? 0);
  return newBytes < (leastBytesPerSecond * windowMs) / 1000;
}

/**
 * Runs `attempt` until it succeeds, fails for good, or has failed `maxAttempts` times in a row. The last error is thrown.
 *
 * @param hasProgressed asked after each failure: whether the attempt came further all the same, so that the row begins anew
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  effects: RetryEffects,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
  hasProgressed: () => boolean = () => false,
): Promise<T> {
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      failures = hasProgressed() ? 1 : failures + 1;
      signal?.throwIfAborted();
      if (!(error instanceof LabelfleetError) || !error.mayPass || failures >= policy.maxAttempts) throw error;
      const throttled = error.code === "STORE_THROTTLED";
      await effects.sleep(backoffMs(policy, failures, throttled, effects.random()), signal);
    }
  }
}
