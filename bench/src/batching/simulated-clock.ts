import type { Clock } from "@labelfleet/gpu-worker/batch/clock";

/** Time that stands until it is told to pass. */
export class SimulatedClock implements Clock {
  readonly #timers: { atMs: number; callback: () => void }[] = [];
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, callback };
    this.#timers.push(timer);
    return () => {
      const place = this.#timers.indexOf(timer);
      if (place >= 0) this.#timers.splice(place, 1);
    };
  }

  /** On to the next timer. Throws where nothing would ever happen again. */
  advance(): void {
    const next = this.#timers.reduce((first, timer) => (timer.atMs < first.atMs ? timer : first), this.#timers[0]!);
    if (next === undefined) throw new Error("the simulation stands still");
    this.#timers.splice(this.#timers.indexOf(next), 1);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.callback();
  }
}
