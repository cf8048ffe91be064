import { sleep } from "@labelfleet/shared/shutdown";

export interface Periodic {
  /** Ends the repetition and waits for the call in hand. */
  stop(): Promise<void>;
}

/** Calls `work` now and then every `everyMs` after it ended. An error is told, and the repetition goes on. */
export function periodically(everyMs: number, work: () => Promise<void>, onError: (error: unknown) => void): Periodic {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await work().catch(onError);
      await sleep(everyMs, stopping.signal);
    }
  })();
  return {
    stop() {
      stopping.abort();
      return running;
    },
  };
}
