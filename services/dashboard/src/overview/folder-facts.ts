import { readFinished } from "@labelfleet/producer/finalize/finalize-run";
import { RunFolder } from "@labelfleet/shared/run/run-folder";

/** What only a run's folder knows of a run that no producer looks after. */
export interface FolderFacts {
  /** The counts of a finished run's report. */
  finished: { images: number; ok: number; failed: number } | null;
  isCancelled: boolean;
}

const believedMs = 30_000;
const looksAtOnce = 2;
/** More runs than are shown are not remembered. */
const keptRuns = 500;

/**
 * Looks into folders in the background, a few at a time: the overview never waits for a slow or absent store, and shows what
 * was seen last.
 */
export class FolderFactsCache {
  readonly #known = new Map<string, { facts: FolderFacts | null; atMs: number }>();
  readonly #queued = new Set<string>();
  #looking = 0;

  /** What was seen last of the run's folder; null until it was looked at, and when it cannot be read. */
  of(run: string, nowMs: number): FolderFacts | null {
    const known = this.#known.get(run);
    if (known === undefined || nowMs - known.atMs > believedMs) {
      this.#queued.add(run);
      void this.#look();
    }
    return known?.facts ?? null;
  }

  /** After something was done to a run: it is looked at again. */
  forget(run: string): void {
    this.#known.delete(run);
  }

  async #look(): Promise<void> {
    if (this.#looking >= looksAtOnce) return;
    this.#looking++;
    try {
      for (const run of this.#queued) {
        this.#queued.delete(run);
        const facts = await factsOf(run).catch(() => null);
        this.#known.delete(run);
        this.#known.set(run, { facts, atMs: Date.now() });
        if (this.#known.size > keptRuns) this.#known.delete(this.#known.keys().next().value!);
      }
    } finally {
      this.#looking--;
    }
  }
}

async function factsOf(run: string): Promise<FolderFacts> {
  const folder = await RunFolder.open(run);
  try {
    const finished = await readFinished(folder);
    if (finished === null) return { finished, isCancelled: await folder.isCancelled() };
    const { images, ok, failed } = finished;
    return { finished: { images, ok, failed }, isCancelled: false };
  } finally {
    await folder.close();
  }
}
