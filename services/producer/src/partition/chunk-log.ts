import type { ChunkRef } from "@labelfleet/shared/run/batches-of-chunk";

/**
 * The chunks of a manifest while it is still being written, in the order in which they become known; those of one range are in
 * key order. One side appends, any number of readers follow, each from the beginning. It grows by one small entry per 10,240 images.
 */
export class ChunkLog {
  readonly #chunks: ChunkRef[] = [];
  #images = 0;
  #hasEnded = false;
  #error: unknown = null;
  #wake: (() => void)[] = [];

  get images(): number {
    return this.#images;
  }

  /** Whether the listing is complete. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  append(chunk: ChunkRef): void {
    this.#chunks.push(chunk);
    this.#images += chunk.images;
    this.#notify();
  }

  end(): void {
    this.#hasEnded = true;
    this.#notify();
  }

  /** Readers reject with this error once they have read what there is. */
  fail(error: unknown): void {
    this.#error = error ?? new Error("the listing failed");
    this.#notify();
  }

  /** The chunks so far. */
  soFar(): ChunkRef[] {
    return [...this.#chunks];
  }

  /** Every chunk, waiting for those to come. */
  async *follow(): AsyncGenerator<ChunkRef> {
    for (let i = 0; ; i++) {
      while (i >= this.#chunks.length) {
        if (this.#hasEnded) return;
        if (this.#error !== null) throw this.#error;
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
      yield this.#chunks[i]!;
    }
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
