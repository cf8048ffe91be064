import { sleep } from "@labelfleet/shared/shutdown";

/** The work's result, or undefined when it takes longer than `boundMs`; what it rejects with within that time is passed on. */
export async function within<T>(boundMs: number, work: Promise<T>): Promise<T | undefined> {
  const timeUp = new AbortController();
  try {
    return await Promise.race([work, sleep(boundMs, timeUp.signal).then(() => undefined)]);
  } finally {
    timeUp.abort();
    work.catch(() => undefined);
  }
}

const leastMs = 100;

/** One bound for several waits in a row; it begins with the first of them, and each still gets a moment after it. */
export class Grace {
  readonly #boundMs: number;
  #deadlineMs: number | null = null;

  constructor(boundMs: number) {
    this.#boundMs = boundMs;
  }

  leftMs(): number {
    this.#deadlineMs ??= Date.now() + this.#boundMs;
    return Math.max(leastMs, this.#deadlineMs - Date.now());
  }
}
