export type MetricType = "counter" | "gauge" | "histogram" | "summary";

/** What a metric means. Its unit is in its name; docs/metrics.md lists all of them, compared by a test. */
export interface MetricDefinition {
  type: MetricType;
  help: string;
  labels: readonly string[];
}

export type MetricDefinitions = Readonly<Record<`labelfleet_${string}`, MetricDefinition>>;

/** One line of the exposition. Histograms and summaries have several, told apart by the suffix. */
export interface Sample {
  value: number;
  labels?: Record<string, string>;
  suffix?: "_bucket" | "_sum" | "_count";
}

/** What the metrics are at one moment; one that cannot be known then is left out. */
export type Readings<Definitions extends MetricDefinitions> = Partial<Record<keyof Definitions, Sample[]>>;

/** A metric without labels; no sample while its value is unknown. */
export function single(value: number | null): Sample[] {
  return value === null ? [] : [{ value }];
}

/** One sample for each value of a label. */
export function byLabel(label: string, values: Iterable<[string, number]>): Sample[] {
  return Array.from(values, ([name, value]) => ({ labels: { [label]: name }, value }));
}

/** How often something happened, and the sum of what it took. */
export function totals(count: number, sum: number, labels: Record<string, string> = {}): Sample[] {
  return [
    { suffix: "_sum", labels, value: sum },
    { suffix: "_count", labels, value: count },
  ];
}

/**
 * A histogram out of how often each value was seen.
 *
 * @param upperBounds of its buckets, ascending; one without bound is added
 */
export function histogram(seen: ReadonlyMap<number, number>, upperBounds: readonly number[]): Sample[] {
  const entries = [...seen];
  const upTo = (bound: number) => entries.reduce((sum, [value, times]) => sum + (value <= bound ? times : 0), 0);
  const buckets = upperBounds.map((bound): [string, number] => [String(bound), upTo(bound)]);
  const count = upTo(Number.POSITIVE_INFINITY);
  const sum = entries.reduce((total, [value, times]) => total + value * times, 0);
  return [
    ...[...buckets, ["+Inf", count] as const].map(
      ([le, value]): Sample => ({ suffix: "_bucket", labels: { le }, value }),
    ),
    ...totals(count, sum),
  ];
}
