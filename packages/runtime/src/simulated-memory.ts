import { LabelfleetError } from "@labelfleet/shared/errors";

/** The memory of a simulated device, which its sessions share. */
export class SimulatedMemory {
  readonly #totalBytes: number;
  #usedBytes = 0;

  constructor(totalMib: number) {
    this.#totalBytes = totalMib * 1024 ** 2;
  }

  /** Returns what gives it back. @throws INFERENCE_OUT_OF_MEMORY */
  take(bytes: number, what: string): () => void {
    this.check(bytes, what);
    this.#usedBytes += bytes;
    return () => {
      this.#usedBytes -= bytes;
    };
  }

  /** @throws INFERENCE_OUT_OF_MEMORY where so much more does not fit */
  check(bytes: number, what: string): void {
    if (this.#usedBytes + bytes <= this.#totalBytes) return;
    const mib = (size: number) => Math.ceil(size / 1024 ** 2);
    throw new LabelfleetError(
      "INFERENCE_OUT_OF_MEMORY",
      `the simulated device is out of memory: ${what} takes ${mib(bytes)} MiB, ${mib(this.#totalBytes - this.#usedBytes)} are free`,
    );
  }
}
