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
