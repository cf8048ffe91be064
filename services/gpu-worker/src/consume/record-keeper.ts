import type { Prediction } from "@labelfleet/shared/contract/prediction";

/** Batches whose records are kept between attempts; the oldest are dropped, which only costs their work. */
const keptBatches = 32;

/**
 * Keeps records that a batch need not make anew, by job: those of an earlier attempt that failed for a few of its images,
 * those that a retry leaves as they are, and those carried over from an earlier run.
 */
export class RecordKeeper {
  readonly #jobs = new Map<string, Map<string, Prediction>>();

  /** Adds records that stay as they are. */
  keep(jobId: string, records: Prediction[]): void {
    const kept = this.#jobs.get(jobId) ?? new Map<string, Prediction>();
    for (const record of records) kept.set(slot(record.key, record.modelId), record);
    this.#jobs.delete(jobId);
    this.#jobs.set(jobId, kept);
    if (this.#jobs.size > keptBatches) this.#jobs.delete(this.#jobs.keys().next().value!);
  }

  /** Adds those that another attempt would not change. */
  keepFinal(jobId: string, records: Prediction[]): void {
    this.keep(
      jobId,
      records.filter((record) => record.status === "ok" || record.retryable === false),
    );
  }

  /** The record that is kept, or undefined where the image has to be done. */
  find(jobId: string, key: string, modelId: string): Prediction | undefined {
    return this.#jobs.get(jobId)?.get(slot(key, modelId));
  }

  forget(jobId: string): void {
    this.#jobs.delete(jobId);
  }
}

function slot(key: string, modelId: string): string {
  return `${modelId}\n${key}`;
}
