/** How often two networks have the same top label. */
export interface Agreement {
  readonly same: number;
  readonly of: number;
}

/** The 97.5 % point of the normal distribution, for intervals that hold 95 %. */
const z = 1.959964;

/**
 * Between which shares the true one lies with 95 % confidence: Wilson's score interval
 * (https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval).
 */
export function intervalOf({ same, of }: Agreement): { low: number; high: number } {
  const share = same / of;
  const centre = share + (z * z) / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const whole = 1 + (z * z) / of;
  return { low: Math.max(0, (centre - half) / whole), high: Math.min(1, (centre + half) / whole) };
}
