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

/** Slower than this is not a transfer any more, in bytes a second. */
const slowestBytesPerSecond = 64 * 1024;

/**
 * The wait before attempt `failures + 1`: exponential back-off with half of it as jitter, so that many clients that failed
 * together do not come back together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, "equal").
 */
export function backoffMs(policy: RetryPolicy, failures: number, throttled: boolean, random: number): number {
  const baseMs = throttled ? policy.baseMs * throttledFactor : policy.baseMs;
  const ceilingMs = Math.min(policy.capMs, baseMs * 2 ** (failures - 1));
  return ceilingMs / 2 + (random * ceilingMs) / 2;
}

/** How long one attempt that moves `sizeBytes` may take in all. */
export function attemptDeadlineMs(timeoutMs: number, sizeBytes: number): number {
  return timeoutMs + (sizeBytes / slowestBytesPerSecond) * 1000;
}

/** Runs `attempt` until it succeeds, fails for good, or has failed `maxAttempts` times. The last error is thrown. */
export async function withRetries<T>(
  policy: RetryPolicy,
  effects: RetryEffects,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      failures++;
      signal?.throwIfAborted();
      if (!(error instanceof LabelfleetError) || !error.retryable || failures >= policy.maxAttempts) throw error;
      const throttled = error.code === "STORE_THROTTLED";
      await effects.sleep(backoffMs(policy, failures, throttled, effects.random()), signal);
    }
  }
}
