const windowMs = 30_000;

/** Images per second of each run, from what was seen of its counter within the last 30 s. */
export class Rates {
  readonly #samples = new Map<string, { atMs: number; images: number }[]>();

  /** Adds what is known now and returns the rate: null until the counter was seen twice, a second or more apart. */
  observe(runId: string, images: number, nowMs: number): number | null {
    const samples = (this.#samples.get(runId) ?? []).filter((sample) => nowMs - sample.atMs <= windowMs);
    const first = samples[0];
    const last = samples.at(-1);
    if (last === undefined || nowMs - last.atMs >= 1_000) samples.push({ atMs: nowMs, images });
    this.#samples.set(runId, samples);
    if (first === undefined || nowMs - first.atMs < 1_000) return null;
    return Math.max(0, ((images - first.images) * 1000) / (nowMs - first.atMs));
  }

  /** Forgets all runs but these, so that the memory is bounded by the page. */
  keepOnly(runIds: string[]): void {
    const kept = new Set(runIds);
    for (const runId of this.#samples.keys()) if (!kept.has(runId)) this.#samples.delete(runId);
  }
}
