const maxFreeBytes = 32 * 1024 * 1024;
const leastBytes = 16 * 1024;
/** Memory more than so many times larger than a body is kept for others. */
const mostTimes = 4;

/**
 * Memory for the bytes of objects, used again instead of allocated. V8 counts what is new as growth of its heap: with photos of
 * 12 megapixels it collected the loader thread's old generation every 0.7 s, for 3 % of the worker's CPU time.
 */
export class BodyMemory {
  /** The one given last comes last. */
  readonly #free: ArrayBuffer[] = [];
  #freeBytes = 0;

  /** At least so many bytes; what an earlier body left there is not cleared. */
  take(sizeBytes: number): ArrayBuffer {
    const fits = ({ byteLength }: ArrayBuffer) =>
      byteLength >= sizeBytes && (byteLength === leastBytes || byteLength <= sizeBytes * mostTimes);
    const found = this.#free.findLastIndex(fits);
    if (found === -1) return new ArrayBuffer(Math.max(leastBytes, 2 ** Math.ceil(Math.log2(sizeBytes))));
    const [buffer] = this.#free.splice(found, 1);
    this.#freeBytes -= buffer!.byteLength;
    return buffer!;
  }

  /** What was given first is forgotten where it is too much. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength > maxFreeBytes) return;
    this.#free.push(buffer);
    this.#freeBytes += buffer.byteLength;
    while (this.#freeBytes > maxFreeBytes) this.#freeBytes -= this.#free.shift()!.byteLength;
  }
}
