import type { Completions } from "@labelfleet/shared/contract/stats";
import type { Series } from "../api/overview.js";

/** Points of a chart; more would not be seen. */
const maxPoints = 100;
/** Shorter steps show only how workers write their statistics. */
const leastStepMs = 1_000;

/**
 * Images per second over a whole run, out of what each of its workers counted. Completions are taken to be spread evenly over their
 * bin; each point is the middle of a step.
 */
export function throughputOf(completions: Completions[]): Series {
  const bins = completions.flatMap(({ startMs, binMs, counts }) =>
    counts.map((count, i) => ({ startMs: startMs + i * binMs, endMs: startMs + (i + 1) * binMs, count })),
  );
  const busy = bins.filter(({ count }) => count > 0);
  if (busy.length === 0) return { atMs: [], imagesPerSecond: [] };
  const firstMs = busy.reduce((least, { startMs }) => Math.min(least, startMs), Number.POSITIVE_INFINITY);
  const lastMs = busy.reduce((most, { endMs }) => Math.max(most, endMs), 0);
  const widestMs = busy.reduce((most, { startMs, endMs }) => Math.max(most, endMs - startMs), leastStepMs);
  const stepMs = Math.max(widestMs, Math.ceil((lastMs - firstMs) / maxPoints / 1_000) * 1_000);
  const images = new Array<number>(Math.ceil((lastMs - firstMs) / stepMs)).fill(0);
  for (const { startMs, endMs, count } of busy) {
    for (let step = Math.floor((startMs - firstMs) / stepMs); firstMs + step * stepMs < endMs; step++) {
      const fromMs = Math.max(startMs, firstMs + step * stepMs);
      const toMs = Math.min(endMs, firstMs + (step + 1) * stepMs);
      images[step]! += (count * (toMs - fromMs)) / (endMs - startMs);
    }
  }
  return {
    atMs: images.map((_, step) => Math.round(firstMs + (step + 0.5) * stepMs)),
    imagesPerSecond: images.map((count) => Math.round((count * 1_000_000) / stepMs) / 1_000),
  };
}
