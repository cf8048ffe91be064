import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

const defaultTimeoutMs = 60_000;

/** A point that requests or commands wait at until the test lets them go, with the answer it gives. */
export class Hold<Answer> {
  /** How many came here so far. */
  arrivals = 0;
  readonly #released: Promise<Answer>;
  #release: (answer: Answer) => void = () => {};
  readonly #reached: Promise<void>;
  #reach: () => void = () => {};

  constructor() {
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
    this.#reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
  }

  /** What an intercept returns for whatever is to wait here. */
  wait(): Promise<Answer> {
    this.arrivals++;
    this.#reach();
    return this.#released;
  }

  /** Waits until the first arrives. */
  async reached(what: string, timeoutMs = defaultTimeoutMs): Promise<void> {
    const timeUp = new AbortController();
    const late = sleep(timeoutMs, "late", { signal: timeUp.signal }).catch(() => "aborted");
    const first = await Promise.race([this.#reached, late]);
    timeUp.abort();
    assert.notEqual(first, "late", `${what} was not reached within ${timeoutMs} ms`);
  }

  /** Gives all who wait and all who come later this answer. */
  release(answer: Answer): void {
    this.#release(answer);
  }
}
