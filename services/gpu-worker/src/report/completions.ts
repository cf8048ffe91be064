import type { Completions } from "@labelfleet/shared/contract/stats";

const firstBinMs = 1_000;
/** When this many bins are full their width doubles, so that a run of any length stays small. */
const maxBins = 2_048;

/** Counts completed images over time, in bins that widen as the run grows. */
export class CompletionCounter {
  readonly #startMs: number;
  #binMs = firstBinMs;
  #counts: number[] = [];

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  add(images: number, nowMs: number): void {
    let bin = Math.max(0, Math.floor((nowMs - this.#startMs) / this.#binMs));
    while (bin >= maxBins) {
      this.#counts = Array.from(
        { length: Math.ceil(this.#counts.length / 2) },
        (_, i) => (this.#counts[2 * i] ?? 0) + (this.#counts[2 * i + 1] ?? 0),
      );
      this.#binMs *= 2;
      bin = Math.floor((nowMs - this.#startMs) / this.#binMs);
    }
    while (this.#counts.length <= bin) this.#counts.push(0);
    this.#counts[bin]! += images;
  }

  snapshot(): Completions {
    return { startMs: this.#startMs, binMs: this.#binMs, counts: [...this.#counts] };
  }
}
