import type { Prediction } from "@labelfleet/shared/contract/prediction";

/** Batches whose records are kept between attempts; the oldest are dropped, which only costs their work. */
const keptBatches = 32;

/**
 * Keeps the final records of a batch whose attempt failed for a few of its images, so that the next attempt on this
 * worker does only those again.
 */
export class RecordKeeper {
  readonly #batches = new Map<string, Map<string, Prediction>>();

  keep(batchId: string, records: Prediction[]): void {
    const isFinal = (record: Prediction) => record.status === "ok" || record.retryable === false;
    const final = records.filter(isFinal).map((record) => [slot(record.key, record.modelId), record] as const);
    this.#batches.delete(batchId);
    this.#batches.set(batchId, new Map(final));
    if (this.#batches.size > keptBatches) this.#batches.delete(this.#batches.keys().next().value!);
  }

  /** The record of an earlier attempt, or undefined where the image has to be done (again). */
  find(batchId: string, key: string, modelId: string): Prediction | undefined {
    return this.#batches.get(batchId)?.get(slot(key, modelId));
  }

  forget(batchId: string): void {
    this.#batches.delete(batchId);
  }
}

function slot(key: string, modelId: string): string {
  return `${modelId}\n${key}`;
}
