import type { Completions } from "@labelfleet/shared/contract/stats";
import { activeMsBefore, type Interval } from "./intervals.js";

const leastSteadySeconds = 10;

/** The time between the 10th and the 90th percentile of completions, and the images that were done in it. */
export interface SteadyWindow {
  fromMs: number;
  toMs: number;
  images: number;
}

/**
 * Images a second between the 10th and the 90th percentile of completions, by the run's own clock: start-up and the last
 * stragglers are left out. null when the percentiles are less than `leastSeconds` (10 unless told) apart.
 */
export function steadyRate(
  completions: Completions[],
  active: Interval[],
  leastSeconds = leastSteadySeconds,
): number | null {
  const window = steadyWindow(completions);
  if (window === null) return null;
  const seconds = (activeMsBefore(active, window.toMs) - activeMsBefore(active, window.fromMs)) / 1000;
  return seconds < leastSeconds ? null : window.images / seconds;
}

/** Completions are taken to be spread evenly over their bin. null when there are none. */
export function steadyWindow(completions: Completions[]): SteadyWindow | null {
  const bins = completions
    .flatMap(({ startMs, binMs, counts }) =>
      counts.map((count, i) => ({ startMs: startMs + i * binMs, endMs: startMs + (i + 1) * binMs, count })),
    )
    .filter(({ count }) => count > 0);
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  const [fromMs, toMs] = [0.1, 0.9].map((share) => momentOf(bins, share * total));
  return { fromMs: fromMs!, toMs: toMs!, images: 0.8 * total };
}

/** When `wanted` completions had happened, interpolated within the bins. */
function momentOf(bins: (Interval & { count: number })[], wanted: number): number {
  const edges = bins
    .flatMap(({ startMs, endMs, count }) => {
      const perMs = count / (endMs - startMs);
      return [
        { ms: startMs, change: perMs },
        { ms: endMs, change: -perMs },
      ];
    })
    .sort((a, b) => a.ms - b.ms);
  let done = 0;
  let perMs = 0;
  let ms = edges[0]!.ms;
  for (const edge of edges) {
    const after = done + perMs * (edge.ms - ms);
    if (after >= wanted && perMs > 0) return ms + (wanted - done) / perMs;
    done = after;
    ms = edge.ms;
    perMs += edge.change;
  }
  return ms;
}
