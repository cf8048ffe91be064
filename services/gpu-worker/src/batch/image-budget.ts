interface Waiting {
  bytes: number;
  enter: () => void;
}

/**
 * Bounds what is in memory between fetch and inference: a number of images and a number of bytes (encoded and decoded
 * together). Runs share it: the one with the fewest images in it is next, so a small run is not behind all images of a large
 * one. Within a run it is first come, first served, so the oldest batch goes first. An image larger than the whole budget is let
 * in alone.
 */
export class ImageBudget {
  #maxImages: number;
  readonly #maxBytes: number;
  /** Per run, in the order in which the runs came. */
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #inside = new Map<string, number>();
  #images = 0;
  #bytes = 0;

  constructor(limits: { maxImages: number; maxBytes: number }) {
    this.#maxImages = limits.maxImages;
    this.#maxBytes = limits.maxBytes;
  }

  get maxImages(): number {
    return this.#maxImages;
  }

  /** Images that are inside, and their bytes. */
  get inside(): { images: number; bytes: number } {
    return { images: this.#images, bytes: this.#bytes };
  }

  /** Fewer take effect as images leave. */
  setMaxImages(images: number): void {
    this.#maxImages = images;
    this.#admit();
  }

  /** Resolves when the run's image may be fetched; the caller then owes a `leave` of the same run and size. */
  enter(runId: string, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#waiting.get(runId) ?? [];
      this.#waiting.set(runId, queue);
      queue.push({ bytes, enter: resolve });
      this.#admit();
    });
  }

  leave(runId: string, bytes: number): void {
    this.#images -= 1;
    this.#bytes -= bytes;
    const left = (this.#inside.get(runId) ?? 0) - 1;
    if (left > 0) this.#inside.set(runId, left);
    else this.#inside.delete(runId);
    this.#admit();
  }

  /** Whether images of the run have been let in. */
  isInside(runId: string): boolean {
    return this.#inside.has(runId);
  }

  /** Whether images of the run wait to be let in. */
  isWaiting(runId: string): boolean {
    return this.#waiting.has(runId);
  }

  #admit(): void {
    for (let runId = this.#nextRun(); runId !== undefined; runId = this.#nextRun()) {
      const queue = this.#waiting.get(runId)!;
      const { bytes, enter } = queue[0]!;
      const fits = this.#images < this.#maxImages && this.#bytes + bytes <= this.#maxBytes;
      if (!fits && this.#images > 0) return;
      queue.shift();
      if (queue.length === 0) this.#waiting.delete(runId);
      this.#inside.set(runId, (this.#inside.get(runId) ?? 0) + 1);
      this.#images += 1;
      this.#bytes += bytes;
      enter();
    }
  }

  /** Of the runs that wait, the one with the fewest images inside; of equal ones the one that waits longest. */
  #nextRun(): string | undefined {
    let next: string | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const runId of this.#waiting.keys()) {
      const inside = this.#inside.get(runId) ?? 0;
      if (inside < fewest) [next, fewest] = [runId, inside];
    }
    return next;
  }
}
