import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { mayPass } from "@labelfleet/shared/errors";

/** Batches whose records are kept between attempts; the oldest are dropped, which only costs their work. */
const keptBatches = 32;

/**
 * Keeps records that a batch need not make anew, by job: those of an earlier attempt that failed for a few of its images,
 * those that a retry leaves as they are, and those carried over from an earlier run.
 */
export class RecordKeeper {
  readonly #jobs = new Map<string, Map<string, Prediction>>();
  /** By job and key, how long failed reads took so far. */
  readonly #readMs = new Map<string, Map<string, number>>();

  /** Adds records that stay as they are. */
  keep(jobId: string, records: Prediction[]): void {
    const kept = this.#jobs.get(jobId) ?? new Map<string, Prediction>();
    for (const record of records) kept.set(slot(record.key, record.modelId), record);
    this.#jobs.delete(jobId);
    this.#jobs.set(jobId, kept);
    if (this.#jobs.size > keptBatches) this.forget(this.#jobs.keys().next().value!);
  }

  /** Notes what a failed read of an image took, so that all attempts together keep one bound. */
  addRead(jobId: string, key: string, ms: number): void {
    const reads = this.#readMs.get(jobId) ?? new Map<string, number>();
    reads.set(key, (reads.get(key) ?? 0) + ms);
    this.#readMs.set(jobId, reads);
    if (this.#readMs.size > keptBatches) this.#readMs.delete(this.#readMs.keys().next().value!);
  }

  /** How long the reads of an image took that have failed. */
  readMs(jobId: string, key: string): number {
    return this.#readMs.get(jobId)?.get(key) ?? 0;
  }

  /** Adds those that another attempt would not change. */
  keepFinal(jobId: string, records: Prediction[]): void {
    this.keep(
      jobId,
      records.filter((record) => record.status === "ok" || !mayPass({ ...record, code: record.errorCode })),
    );
  }

  /** The record that is kept, or undefined where the image has to be done. */
  find(jobId: string, key: string, modelId: string): Prediction | undefined {
    return this.#jobs.get(jobId)?.get(slot(key, modelId));
  }

  forget(jobId: string): void {
    this.#jobs.delete(jobId);
    this.#readMs.delete(jobId);
  }
}

function slot(key: string, modelId: string): string {
  return `${modelId}\n${key}`;
}
