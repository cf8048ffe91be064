import type { Job } from "bullmq";
import { type BatchJob, batchJobSchema } from "../contract/batch-job.js";
import { clientOptionsOf } from "../redis/address.js";
import { keptJobs, openQueue } from "./batch-queue.js";
import { UnrecoverableError, WaitingError } from "./bullmq.js";
import { ExtraBatches } from "./extra-batches.js";
import { batchesQueue, lanePrefix } from "./lanes.js";
import { PatientWorker } from "./patient-worker.js";
import { tracing } from "./tracing.js";

/** A killed worker's batches are picked up after lock and stall check, at most about 20 s. */
const lockDurationMs = 15_000;
const stalledIntervalMs = 5_000;
/**
 * Every kill stalls all batches that the worker held, so a batch survives many of them. One that has lost so many workers is most
 * likely what they die of: it fails, instead of costing one worker after the other for ever.
 */
const maxLostWorkers = 10;

export interface BatchDelivery {
  job: BatchJob;
  /** Whether a failure of this attempt is final. */
  isLastAttempt: boolean;
  /** How often a worker that held the batch was lost: killed, or too busy to renew its lock. */
  stalls: number;
  /** Seconds between the feeder's add and now. */
  waitedSeconds: number;
  /** Aborts when the lock is lost: another worker may have the batch by now. */
  lockLost: AbortSignal;
}

/** Thrown by `process` to give the batch back to the queue as it was, without using up an attempt. */
export class HandBack extends Error {
  override readonly name = "HandBack";
}

/** Thrown by `process` to fail the batch for good at once: no further attempt would end otherwise. */
export class Refused extends Error {
  override readonly name = "Refused";
}

export interface BatchConsumer {
  /** Whether Redis hands batches out: false once it refused to, until it does again. */
  readonly isTaking: boolean;
  /** How many batches it holds at once; may be changed while it runs. */
  setBatchSlots(batchSlots: number): void;
  /** Batches of the lane that no worker has taken yet. */
  waiting(): Promise<number>;
  /** Stops taking batches and waits for those in hand. */
  close(): Promise<void>;
}

export interface ConsumeOptions {
  redisUrl: string;
  lane: string;
  batchSlots: number;
  workerId: string;
  /** Whether another batch of the run could be begun at once, beside those in hand. */
  isShortOf: (runId: string) => boolean;
  process: (delivery: BatchDelivery) => Promise<void>;
  onFailed: (jobId: string, error: Error, isFinal: boolean) => void;
  onStalled: (jobId: string) => void;
  onError: (error: Error) => void;
}

/**
 * Takes batches off a lane, several at once, and calls `process` for each. Resolving acknowledges, throwing hands the
 * batch back for another attempt, HandBack without counting one.
 */
export function consumeBatches(options: ConsumeOptions): BatchConsumer {
  const handle = async (bullJob: Job<BatchJob>, token?: string, lockLost?: AbortSignal): Promise<void> => {
    const parsed = batchJobSchema.safeParse(bullJob.data);
    if (!parsed.success) throw new UnrecoverableError(`not a batch job: ${parsed.error.issues[0]?.message}`);
    const { runId } = parsed.data;
    if (bullJob.stalledCounter >= maxLostWorkers) {
      throw new UnrecoverableError(
        `${bullJob.stalledCounter} workers were lost while they had it: see why they ended; smaller batches (--batch-images) and --workers 1 take less memory`,
      );
    }
    extra.taken(runId);
    try {
      await options.process({
        job: parsed.data,
        isLastAttempt: bullJob.attemptsMade + 1 >= (bullJob.opts.attempts ?? 1),
        stalls: bullJob.stalledCounter,
        waitedSeconds: Math.max(0, (bullJob.processedOn ?? Date.now()) - bullJob.timestamp) / 1000,
        lockLost: lockLost ?? new AbortController().signal,
      });
    } catch (error) {
      if (error instanceof Refused) throw new UnrecoverableError(error.message);
      if (!(error instanceof HandBack)) throw error;
      await bullJob.moveToWait(token);
      throw new WaitingError();
    } finally {
      extra.ended(runId);
    }
  };
  const worker = new PatientWorker(batchesQueue, handle, {
    prefix: lanePrefix(options.lane),
    connection: clientOptionsOf(options.redisUrl),
    ...tracing(),
    name: options.workerId,
    concurrency: options.batchSlots,
    lockDuration: lockDurationMs,
    stalledInterval: stalledIntervalMs,
    // Beyond that BullMQ fails it, with words of its own.
    maxStalledCount: 2 * maxLostWorkers,
    removeOnComplete: keptJobs,
  });
  const queue = openQueue(options.redisUrl, options.lane);
  const extra = new ExtraBatches(options.batchSlots, { ...options, worker, queue });
  worker.on("error", options.onError);
  worker.on("stalled", options.onStalled);
  worker.on("failed", (bullJob, error) => {
    if (bullJob === undefined) return;
    const isFinal = error instanceof UnrecoverableError || bullJob.attemptsMade >= (bullJob.opts.attempts ?? 1);
    options.onFailed(bullJob.id ?? "?", error, isFinal);
  });
  worker.on("lockRenewalFailed", (jobIds: string[]) => {
    for (const jobId of jobIds) worker.cancelJob(jobId, "the lock was lost");
  });
  return {
    get isTaking() {
      return !worker.isRefused;
    },
    setBatchSlots(batchSlots) {
      extra.setBatchSlots(batchSlots);
    },
    waiting: () => queue.getJobCountByTypes("wait", "prioritized", "delayed"),
    async close() {
      extra.stop();
      await worker.close();
      await queue.close();
    },
  };
}
