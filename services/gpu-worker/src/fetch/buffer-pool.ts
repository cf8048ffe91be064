/** At most this many free buffers of one size are kept: about what is in flight at once. */
const keptPerSize = 64;

/** Memory for decoded images, used again instead of allocated: a few sizes, many buffers. */
export class BufferPool {
  readonly #free = new Map<number, ArrayBuffer[]>();

  take(sizeBytes: number): ArrayBuffer {
    return this.#free.get(sizeBytes)?.pop() ?? new ArrayBuffer(sizeBytes);
  }

  give(buffer: ArrayBuffer): void {
    const free = this.#free.get(buffer.byteLength) ?? [];
    this.#free.set(buffer.byteLength, free);
    if (free.length < keptPerSize) free.push(buffer);
  }
}
