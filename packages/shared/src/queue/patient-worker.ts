import type { Worker as BullWorker, Job, JobJson } from "bullmq";
import { type BatchJob, maxJobCharacters } from "../contract/batch-job.js";
import { Worker } from "./bullmq.js";

const firstDelayMs = 250;
const maxDelayMs = 2_000;

/** How long to wait before Redis is asked for a batch again, after so many refusals in a row. */
export function refusedDelayMs(refusals: number): number {
  return Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(refusals - 1, 10));
}

/**
 * BullMQ's worker, which asks again without a pause when Redis refuses to hand a batch out, and which parses whatever a job
 * holds: this one waits longer each time, and parses no job that is too long to be one of ours.
 */
export class PatientWorker extends Worker<BatchJob> {
  #refusals = 0;

  /** Whether Redis refused to hand batches out when it was asked last. */
  get isRefused(): boolean {
    return this.#refusals > 0;
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job<BatchJob>> {
    try {
      const job = await super.moveToActive(token, name);
      this.#refusals = 0;
      return job;
    } catch (error) {
      await this.delay();
      throw error;
    }
  }

  /** Without a time, BullMQ waits after a refusal. */
  override async delay(...[milliseconds, abortController]: Parameters<BullWorker["delay"]>): Promise<void> {
    if (milliseconds !== undefined) return super.delay(milliseconds, abortController);
    this.#refusals += 1;
    if (!this.closing) await super.delay(refusedDelayMs(this.#refusals));
  }

  /** A job that cannot be read becomes one without data, which is failed for good as no batch job. */
  protected override createJob(job: JobJson, jobId: string): Job<BatchJob> {
    return super.createJob({ ...job, data: isReadable(job.data) ? job.data : "null" }, jobId);
  }
}

function isReadable(data: string): boolean {
  if (data.length > maxJobCharacters) return false;
  try {
    JSON.parse(data);
    return true;
  } catch {
    return false;
  }
}
