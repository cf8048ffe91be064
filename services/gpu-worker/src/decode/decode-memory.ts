interface Waiting {
  bytes: number;
  enter: () => void;
}

/** Decodes that take no more than this are not counted: as many of them as there are decode slots stay small. */
export const uncountedDecodeBytes = 16 * 1024 * 1024;

/**
 * Bounds what large decodes of a worker take of memory at once: first come, first served, and one that is larger than the whole
 * bound goes alone.
 */
export class DecodeMemory {
  readonly #maxBytes: number;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #decodes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Resolves when the decode may begin; the caller then owes a `leave` of the same size. */
  enter(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, enter: resolve });
      this.#admit();
    });
  }

  leave(bytes: number): void {
    this.#bytes -= bytes;
    this.#decodes -= 1;
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#decodes > 0 && this.#bytes + next.bytes > this.#maxBytes) return;
      this.#waiting.shift();
      this.#bytes += next.bytes;
      this.#decodes += 1;
      next.enter();
    }
  }
}

/** What a worker and the processes around it take beside decoded images: libraries, models, encoded images. */
const ownBytes = 512 * 1024 * 1024;
const leastBytes = 64 * 1024 * 1024;

/**
 * The bounds of decoding, in bytes: of all large decodes at once, and of a single one, which may exceed that alone but not what
 * the machine or container has.
 *
 * @param constrainedBytes the container's limit; 0 or more than there is where it has none
 */
export function decodeBounds(memory: { inFlightBytes: number; constrainedBytes: number; totalBytes: number }): {
  atOnceBytes: number;
  aloneBytes: number;
} {
  const { inFlightBytes, constrainedBytes, totalBytes } = memory;
  const thereAre = constrainedBytes > 0 ? Math.min(constrainedBytes, totalBytes) : totalBytes;
  const aloneBytes = Math.max(leastBytes, thereAre - ownBytes);
  return { atOnceBytes: Math.min(inFlightBytes, aloneBytes), aloneBytes };
}
