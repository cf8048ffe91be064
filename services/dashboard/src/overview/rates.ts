import type { Series } from "../api/overview.js";

const windowMs = 30_000;
const pointMs = 10_000;
/** A quarter of an hour. */
const keptPoints = 90;
const leastMs = 1_000;

interface Counted {
  samples: { atMs: number; images: number }[];
  points: number[];
  lastPointMs: number;
}

/** Images per second of each run, from what was seen of its counter: over the last 30 s, and in steps of 10 s before. */
export class Rates {
  readonly #runs = new Map<string, Counted>();
  readonly #fleet: Series = { atMs: [], imagesPerSecond: [] };

  /** Adds what is known now and returns the rate: null until the counter was seen twice, a second or more apart. */
  observe(runId: string, images: number, nowMs: number): number | null {
    const run = this.#runs.get(runId) ?? { samples: [], points: [], lastPointMs: nowMs };
    this.#runs.set(runId, run);
    run.samples = run.samples.filter((sample) => nowMs - sample.atMs <= windowMs);
    const first = run.samples[0];
    const last = run.samples.at(-1);
    if (last === undefined || nowMs - last.atMs >= leastMs) run.samples.push({ atMs: nowMs, images });
    if (first === undefined || nowMs - first.atMs < leastMs) return null;
    const rate = Math.max(0, ((images - first.images) * 1000) / (nowMs - first.atMs));
    if (nowMs - run.lastPointMs >= pointMs) {
      run.points = [...run.points, rounded(rate)].slice(-keptPoints);
      run.lastPointMs = nowMs;
    }
    return rate;
  }

  /** Earlier rates of a run, oldest first. */
  pointsOf(runId: string): number[] {
    return this.#runs.get(runId)?.points ?? [];
  }

  /** Adds what all runs do together now. Returns the last quarter of an hour. */
  observeFleet(imagesPerSecond: number, nowMs: number): Series {
    const { atMs, imagesPerSecond: rates } = this.#fleet;
    if (atMs.length === 0 || nowMs - atMs.at(-1)! >= pointMs) {
      atMs.push(nowMs);
      rates.push(rounded(imagesPerSecond));
      if (atMs.length > keptPoints) {
        atMs.shift();
        rates.shift();
      }
    }
    return { atMs: [...atMs], imagesPerSecond: [...rates] };
  }

  /** Forgets all runs but these, so that the memory is bounded by the page. */
  keepOnly(runIds: string[]): void {
    const kept = new Set(runIds);
    for (const runId of this.#runs.keys()) if (!kept.has(runId)) this.#runs.delete(runId);
  }
}

function rounded(rate: number): number {
  return Math.round(rate * 1_000) / 1_000;
}
