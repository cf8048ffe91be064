import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { knownRuns } from "@labelfleet/shared/redis/registry";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";

const lookMs = 100;

/** Measures how long the only run of a Redis lists, by what its producer notes there. */
export class ListingClock {
  readonly #redis: Redis;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;
  #startedMs = 0;
  #endedMs = 0;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#watching = this.#watch();
  }

  /** Ends the watch. Returns the seconds from the producer's first note to its first one of a complete listing. */
  async stop(): Promise<number> {
    this.#stopping.abort();
    await this.#watching;
    return (this.#endedMs - this.#startedMs) / 1_000;
  }

  async #watch(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const [run] = await knownRuns(this.#redis, 1);
      const note = run === undefined ? null : await new RunProgress(this.#redis, run.lane, run.runId).lastNote();
      if (note !== null) this.#startedMs ||= Date.now();
      if (note?.listingComplete) {
        this.#endedMs = note.seenMs;
        return;
      }
      await sleep(lookMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }
}
