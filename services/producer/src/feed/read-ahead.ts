/** Pulls a stream into a bounded buffer in the background, so that taking from it never waits. */
export class ReadAhead<T> {
  readonly #source: AsyncIterator<T>;
  readonly #bound: number;
  #buffer: T[] = [];
  #hasEnded = false;
  #error: unknown = null;
  #pull: Promise<void> | null = null;
  /** Resolves when there is a first item to take, or none will come. */
  readonly begun: Promise<void>;
  #begin: () => void = () => {};

  constructor(source: AsyncIterable<T>, bound: number) {
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.#source = source[Symbol.asyncIterator]();
    this.#bound = bound;
    this.#refill();
  }

  /** Whether everything was taken. */
  get isDrained(): boolean {
    return this.#hasEnded && this.#buffer.length === 0;
  }

  /** Up to `max` items that are there now. Throws the stream's error once the items before it are taken. */
  take(max: number): T[] {
    const items = this.#buffer.splice(0, Math.max(0, max));
    if (items.length === 0 && this.#error !== null && max > 0) throw this.#error;
    this.#refill();
    return items;
  }

  #refill(): void {
    if (this.#pull !== null || this.#hasEnded || this.#error !== null) return;
    this.#pull = this.#run().finally(() => {
      this.#begin();
      this.#pull = null;
    });
  }

  async #run(): Promise<void> {
    try {
      while (this.#buffer.length < this.#bound) {
        const next = await this.#source.next();
        if (next.done === true) {
          this.#hasEnded = true;
          return;
        }
        this.#buffer.push(next.value);
        this.#begin();
      }
    } catch (error) {
      this.#error = error;
    }
  }
}
