import type { ModelTotals } from "@labelfleet/shared/redis/run-progress";

/** Images done so far, by Redis. */
export interface ImageTotals {
  done: number;
  ok: number;
  failed: number;
}

/**
 * Images out of the counts per model. With several models an image is done when the slowest is, and those that failed with
 * one model are taken to be those that failed with another: the exact number comes from the folder.
 */
export function imageTotalsOf(models: Iterable<ModelTotals>): ImageTotals {
  const totals = [...models];
  if (totals.length === 0) return { done: 0, ok: 0, failed: 0 };
  const done = Math.min(...totals.map(({ ok, failed }) => ok + failed));
  const failed = Math.min(done, Math.max(...totals.map((model) => model.failed)));
  return { done, ok: done - failed, failed };
}
