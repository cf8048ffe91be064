import type { SlowRead } from "../fetch/reads-under-way.js";

/** A line in so many milliseconds, as long as something is read slowly. */
const everyMs = 30_000;

/** Says now and then which object a worker is reading for long. Time comes in with each look. */
export class SlowReadLog {
  readonly #say: (line: string) => void;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** @param reads the oldest first */
  look(reads: readonly SlowRead[], nowMs: number): void {
    const [oldest, ...others] = reads;
    if (oldest === undefined || nowMs - this.#lastMs < everyMs) return;
    this.#lastMs = nowMs;
    const { runId, key, forMs, receivedBytes, sizeBytes } = oldest;
    const bytes = sizeBytes === null ? "no answer yet" : `${receivedBytes} of ${sizeBytes} bytes`;
    const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
    this.#say(`${runId}: still reading ${key}${more}: ${bytes} after ${Math.round(forMs / 1000)} s`);
  }
}
