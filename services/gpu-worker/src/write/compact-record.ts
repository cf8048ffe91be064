import type { Prediction, TopEntry } from "@labelfleet/shared/contract/prediction";

/** A record of fewer labels, without an embedding, is small as it is. */
const leastLabels = 32;

/**
 * Makes wide records small: their labels and embeddings lie in typed arrays, outside of V8's heap, and each look at `top` or
 * `embedding` makes the lists anew. A batch may hold ten thousand records, whose plain lists are gigabytes.
 */
export class RecordCompactor {
  readonly #labels: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** The same record: probabilities keep double precision, and embeddings are of single precision from the start. */
  compact(record: Prediction): Prediction {
    const { top, embedding, ...rest } = record;
    if ((top?.length ?? 0) < leastLabels && embedding === null) return record;
    const topOf = top === null ? () => null : this.#compactTop(top);
    const numbers = embedding && Float32Array.from(embedding);
    return {
      ...rest,
      get top() {
        return topOf();
      },
      get embedding() {
        return numbers && Array.from(numbers, rounded);
      },
    };
  }

  #compactTop(top: TopEntry[]): () => TopEntry[] {
    const indexes = Int32Array.from(top, ({ index }) => index);
    const labels = Int32Array.from(top, ({ label }) => this.#numberOf(label));
    const probabilities = Float64Array.from(top, ({ probability }) => probability);
    const entryOf = (index: number, i: number) => ({
      index,
      label: this.#labels[labels[i]!]!,
      probability: probabilities[i]!,
    });
    return () => Array.from(indexes, entryOf);
  }

  #numberOf(label: string): number {
    const known = this.#numbers.get(label);
    if (known !== undefined) return known;
    this.#numbers.set(label, this.#labels.length);
    return this.#labels.push(label) - 1;
  }
}

/** float32 has about seven digits; more would only lengthen the shards. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
