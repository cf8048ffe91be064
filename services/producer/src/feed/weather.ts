import { hasCode, toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { sleep } from "@labelfleet/shared/shutdown";

/** How long an output or a Redis may be unusable: as long as workers wait for an input by default. */
const maxBadMs = 60 * 60_000;
const retryMs = 1_000;

/** Weather passes, and so may refusals in mid-run: credentials that expire are renewed. */
function mayPass(error: unknown): boolean {
  const known = toLabelfleetError(error);
  return known.retryable || hasCode(known, "CREDENTIALS_REFUSED", "ACCESS_DENIED", "OBJECT_DENIED");
}

/** Bad weather of the output and of Redis: told once, and waited for within a bound. */
export class Weather {
  readonly #logger: Logger;
  /** Since when it is bad; null while it is not. */
  #badSinceMs: number | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** To be called with what work rejected with that will be tried again. Throws it when it will not pass, or lasts too long. */
  bear(error: unknown): void {
    const nowMs = Date.now();
    const isNew = this.#badSinceMs === null;
    this.#badSinceMs ??= nowMs;
    if (!mayPass(error) || nowMs - this.#badSinceMs > maxBadMs) throw error;
    if (!isNew) return;
    const known = toLabelfleetError(error);
    const subject = hasCode(known, "REDIS_UNAVAILABLE") ? "Redis" : "the output";
    this.#logger.warn(`waiting for ${subject}: ${known.message}`);
  }

  /** To be called when all of the work succeeded again. */
  clear(): void {
    this.#badSinceMs = null;
  }

  /** Tries the work until it succeeds. Rejects with what will not pass, and with anything once the signal aborted. */
  async outlast(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await work();
        return this.clear();
      } catch (error) {
        if (signal.aborted) throw error;
        this.bear(error);
        await sleep(retryMs, signal);
      }
    }
  }
}
