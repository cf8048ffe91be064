/**
 * Bounds what is in memory between fetch and inference: a number of images and a number of bytes (encoded and decoded
 * together). First come, first served, so the oldest batch goes first. An image larger than the whole budget is let in
 * alone.
 */
export class ImageBudget {
  readonly #maxImages: number;
  readonly #maxBytes: number;
  readonly #queue: { bytes: number; enter: () => void }[] = [];
  #images = 0;
  #bytes = 0;

  constructor(limits: { maxImages: number; maxBytes: number }) {
    this.#maxImages = limits.maxImages;
    this.#maxBytes = limits.maxBytes;
  }

  /** Resolves when the image may be fetched; the caller then owes a `leave` with the same size. */
  enter(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push({ bytes, enter: resolve });
      this.#admit();
    });
  }

  leave(bytes: number): void {
    this.#images -= 1;
    this.#bytes -= bytes;
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const fits = this.#images < this.#maxImages && this.#bytes + next.bytes <= this.#maxBytes;
      if (!fits && this.#images > 0) return;
      this.#queue.shift();
      this.#images += 1;
      this.#bytes += next.bytes;
      next.enter();
    }
  }
}
