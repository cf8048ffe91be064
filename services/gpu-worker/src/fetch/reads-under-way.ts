import type { ReadProgress } from "@labelfleet/shared/storage/object-store";

/** Reads that take less are not worth a word. */
export const slowAfterMs = 10_000;
/** As many as a worker tells of: the oldest. */
export const toldReads = 3;

/** An object that is being read for long. */
export interface SlowRead {
  runId: string;
  key: string;
  /** Milliseconds since the read began. */
  forMs: number;
  receivedBytes: number;
  /** null until the store has said it. */
  sizeBytes: number | null;
}

interface ReadUnderWay extends ReadProgress {
  runId: string;
  key: string;
  startedMs: number;
}

/** What a loader thread is reading; an image adds and removes itself, and somebody looks every few seconds. */
export class ReadsUnderWay {
  /** In the order in which they began. */
  readonly #reads = new Set<ReadUnderWay>();

  begin(read: { runId: string; key: string }, nowMs: number): ReadUnderWay {
    const underWay = { ...read, startedMs: nowMs, receivedBytes: 0, sizeBytes: null };
    this.#reads.add(underWay);
    return underWay;
  }

  end(read: ReadUnderWay): void {
    this.#reads.delete(read);
  }

  /** The oldest first. */
  slow(nowMs: number): SlowRead[] {
    const slow: SlowRead[] = [];
    for (const { startedMs, ...read } of this.#reads) {
      const forMs = Math.round(nowMs - startedMs);
      if (forMs < slowAfterMs || slow.length >= toldReads) break;
      slow.push({ ...read, forMs });
    }
    return slow;
  }
}
