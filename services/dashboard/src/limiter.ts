/** Thrown when more wait than are worth waiting for. */
export class Overloaded extends Error {
  override readonly name = "Overloaded";
  readonly statusCode = 503;
}

/** At most `atOnce` works at a time; at most `maxWaiting` wait for a place. */
export class Limiter {
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(options: { atOnce: number; maxWaiting: number }) {
    this.#free = options.atOnce;
    this.#maxWaiting = options.maxWaiting;
  }

  /** Waits for a place and does the work. Whoever lost interest meanwhile (the signal) gives the place on. @throws Overloaded */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#free > 0) this.#free--;
    else {
      if (this.#waiting.length >= this.#maxWaiting) throw new Overloaded("too much is asked for at once");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
