import { median } from "../median.js";

/** Seconds of whole commands on the small and on the large set of photos. */
export interface PairSeconds {
  small: number;
  large: number;
}

/** One entry a round. */
export type SecondsByContestant = Record<string, PairSeconds[]>;

export interface ContestantSummary {
  name: string;
  rounds: number;
  /** Median, of `smallImages`. */
  smallSeconds: number;
  /** Median, of three times as many. */
  largeSeconds: number;
  /** Images a second between the small and the large set, of the medians: what start-up does not count in. */
  marginalImagesPerSecond: number;
  /** How many times as long as the first contestant's whole command. */
  timesCommand: number;
  /** How many times this one's marginal rate the first contestant's is. */
  timesMarginal: number;
}

/** The first contestant is the one that the others are compared with. */
export function summarise(seconds: SecondsByContestant, smallImages: number, largeImages: number): ContestantSummary[] {
  const rows = Object.entries(seconds).map(([name, rounds]) => {
    const smallSeconds = median(rounds.map(({ small }) => small));
    const largeSeconds = median(rounds.map(({ large }) => large));
    const marginalImagesPerSecond = (largeImages - smallImages) / (largeSeconds - smallSeconds);
    return { name, rounds: rounds.length, smallSeconds, largeSeconds, marginalImagesPerSecond };
  });
  const ours = rows[0];
  if (ours === undefined) return [];
  return rows.map((row) => ({
    ...row,
    timesCommand: row.smallSeconds / ours.smallSeconds,
    timesMarginal: ours.marginalImagesPerSecond / row.marginalImagesPerSecond,
  }));
}

/** The part of the photos in `reference` that `labels` gives the same class. */
export function agreement(reference: ReadonlyMap<string, number>, labels: ReadonlyMap<string, number>): number {
  const same = [...reference].filter(([name, index]) => labels.get(name) === index).length;
  return same / Math.max(1, reference.size);
}
