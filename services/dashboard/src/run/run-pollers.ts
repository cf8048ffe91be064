import type { RunDetail } from "../api/run-detail.js";
import { SharedPoller } from "../live/shared-poller.js";

const everyMs = 2_000;
/** Runs that are followed at once; of those that nobody follows, the oldest is dropped. */
const maxPollers = 16;

/** One poller for each run that somebody follows. */
export class RunPollers {
  readonly #pollers = new Map<string, SharedPoller<RunDetail>>();
  readonly #read: (runId: string) => Promise<RunDetail>;
  readonly #onError: (error: unknown) => void;

  constructor(options: { read: (runId: string) => Promise<RunDetail>; onError: (error: unknown) => void }) {
    this.#read = options.read;
    this.#onError = options.onError;
  }

  of(runId: string): SharedPoller<RunDetail> {
    const known = this.#pollers.get(runId);
    if (known !== undefined) return known;
    for (const [id, poller] of this.#pollers) {
      if (this.#pollers.size < maxPollers) break;
      if (poller.watchers > 0) continue;
      poller.stop();
      this.#pollers.delete(id);
    }
    const poller = new SharedPoller({ read: () => this.#read(runId), everyMs, onError: this.#onError });
    this.#pollers.set(runId, poller);
    return poller;
  }

  /** Something was done to the run: whoever follows it sees that soon. */
  refresh(runId: string): void {
    this.#pollers.get(runId)?.refresh();
  }

  stop(): void {
    for (const poller of this.#pollers.values()) poller.stop();
    this.#pollers.clear();
  }
}
