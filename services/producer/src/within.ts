import { sleep } from "@labelfleet/shared/shutdown";

/** Waits for the work, but no longer than `boundMs`; what it rejects with within that time is passed on. */
export async function within(boundMs: number, work: Promise<unknown>): Promise<void> {
  const timeUp = new AbortController();
  try {
    await Promise.race([work, sleep(boundMs, timeUp.signal)]);
  } finally {
    timeUp.abort();
    work.catch(() => undefined);
  }
}
