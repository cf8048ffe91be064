/** Rates that are all but the same, as of a machine that does nothing else. */
const quietSamples = 3;
const quietSpread = 0.005;
/** Fewer may agree by chance. */
const leastSamples = 6;
const mostSamples = 10;
/** Standard error of the middle that is good enough, as a share of it. */
const smallError = 0.01;
/** Standard errors between two rates that are certainly not the same. */
const clearErrors = 3;

/** The median: one batch that was held up by something else does not move it. */
export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Standard error of the median, as of a normal distribution, from the mean deviation. */
function errorOf(rates: readonly number[], median: number): number {
  const meanDeviation = rates.reduce((sum, rate) => sum + Math.abs(rate - median), 0) / rates.length;
  return (1.2533 * 1.2533 * meanDeviation) / Math.sqrt(Math.max(1, rates.length - 1));
}

/** Whether rates are so much the same that a few of them say all. */
export function areQuiet(rates: readonly number[]): boolean {
  return rates.length >= quietSamples && Math.max(...rates) <= (1 + quietSpread) * Math.min(...rates);
}

/** Whether one is certainly better than the other. Needs some rates of both. */
export function differClearly(rates: readonly number[], others: readonly number[]): boolean {
  if (areQuiet(rates) && areQuiet(others)) return true;
  if (Math.min(rates.length, others.length) < leastSamples) return false;
  const [median, other] = [middle(rates), middle(others)];
  return Math.abs(median - other) > clearErrors * Math.hypot(errorOf(rates, median), errorOf(others, other));
}

/** Whether the middle of the rates is known well enough: they agree, or there are many. */
export function hasEnough(rates: readonly number[]): boolean {
  if (areQuiet(rates) || rates.length >= mostSamples) return true;
  if (rates.length < leastSamples) return false;
  const median = middle(rates);
  return errorOf(rates, median) <= smallError * median;
}
