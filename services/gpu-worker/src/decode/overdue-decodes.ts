/**
 * Counts decodes that passed their deadline and have not returned. Nothing can interrupt them, so each keeps a thread of
 * libuv's pool, perhaps for ever; the pool has room for as many as the bound lets happen (uvThreadPoolSize).
 */
export class OverdueDecodes {
  readonly #bound: number;
  #count = 0;

  constructor(bound: number) {
    this.#bound = bound;
  }

  /** Whether no further image should be given to this process's own threads. */
  get areTooMany(): boolean {
    return this.#count >= this.#bound;
  }

  /** Counts the work until it returns, whatever it returns. */
  add(work: Promise<unknown>): void {
    this.#count += 1;
    const gone = () => {
      this.#count -= 1;
    };
    work.then(gone, gone);
  }
}
