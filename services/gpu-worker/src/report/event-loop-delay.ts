import { monitorEventLoopDelay } from "node:perf_hooks";

/** How often it is looked at; each time costs 0.08 ms. */
const resolutionMs = 50;

/** How late the main thread's event loop is; locks are renewed there, so it must never be late for long. */
export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });

  constructor() {
    this.#histogram.enable();
  }

  /** Milliseconds beyond the timer's own interval. */
  read(): { p50: number; p99: number } {
    const beyond = (percentile: number) =>
      Math.max(0, Math.round((this.#histogram.percentile(percentile) / 1e6 - resolutionMs) * 10) / 10);
    return { p50: beyond(50), p99: beyond(99) };
  }

  stop(): void {
    this.#histogram.disable();
  }
}
