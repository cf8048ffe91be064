import type { BatchMeasure, ModelMeasure } from "./measure.js";

type Point = Pick<BatchMeasure, "batch" | "peakRssBytes">;

/**
 * The largest batch whose peak memory stays within the budget, from the straight line through the smallest and the largest
 * batch that were measured, or from the loaded model to the only one; null where memory did not grow, 0 where not even one
 * image fits.
 */
export function largestBatch(
  { loadedBytes, batches }: Pick<ModelMeasure, "loadedBytes"> & { batches: readonly Point[] },
  budgetBytes: number,
): number | null {
  const points: readonly Point[] = batches.length > 1 ? batches : [{ batch: 0, peakRssBytes: loadedBytes }, ...batches];
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last.batch === first.batch) return null;
  const bytesPerImage = (last.peakRssBytes - first.peakRssBytes) / (last.batch - first.batch);
  if (bytesPerImage <= 0) return null;
  return Math.max(0, Math.floor(first.batch + (budgetBytes - first.peakRssBytes) / bytesPerImage));
}
