import type { Prediction } from "../contract/prediction.js";

/** Reads records one by one, without a wait for each: only where a piece ends. */
export class RecordCursor {
  readonly #pieces: Iterator<Prediction[]> | AsyncIterator<Prediction[]>;
  #piece: Prediction[] = [];
  #at = 0;
  #hasEnded = false;

  constructor(pieces: Iterable<Prediction[]> | AsyncIterable<Prediction[]>) {
    this.#pieces = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  }

  /** Whether `fill` has to be awaited before `current` is known. */
  get isDry(): boolean {
    return this.#at >= this.#piece.length && !this.#hasEnded;
  }

  /** The record in hand; null at the end. */
  get current(): Prediction | null {
    return this.#piece[this.#at] ?? null;
  }

  advance(): void {
    this.#at++;
  }

  async fill(): Promise<void> {
    while (this.isDry) {
      const next = await this.#pieces.next();
      if (next.done === true) this.#hasEnded = true;
      else this.#piece = next.value;
      this.#at = 0;
      if (this.#hasEnded) this.#piece = [];
    }
  }

  /** To be called when it is not read to its end. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}
