import type { BatchMeasure } from "./measure.js";

/**
 * The largest batch whose peak memory stays within the budget, from the straight line through the smallest and the largest
 * batch that were measured; null where one size says nothing of the slope, 0 where not even one image fits.
 */
export function largestBatch(measures: readonly BatchMeasure[], budgetBytes: number): number | null {
  const [first, last] = [measures[0], measures.at(-1)];
  if (first === undefined || last === undefined || last.batch === first.batch) return null;
  const bytesPerImage = (last.peakRssBytes - first.peakRssBytes) / (last.batch - first.batch);
  if (bytesPerImage <= 0) return null;
  return Math.max(0, Math.floor(first.batch + (budgetBytes - first.peakRssBytes) / bytesPerImage));
}
