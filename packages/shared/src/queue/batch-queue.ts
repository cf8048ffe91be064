import { type BatchJob, jobIdOf, runIdInJobId } from "../contract/batch-job.js";
import { clientOptionsOf } from "../redis/address.js";
import { Queue } from "./bullmq.js";
import { batchesQueue, lanePrefix } from "./lanes.js";
import { tracing } from "./tracing.js";

/** Attempts of one batch before its images are written as failed and retryable. */
export const batchAttempts = 4;
const firstBackoffMs = 1_000;
/** What Redis keeps of finished jobs: enough to look at, bounded. */
export const keptJobs = { count: 500 };
/** BullMQ's largest priority, which is the one taken last. */
const lastPriority = 2 ** 21;

export function openQueue(redisUrl: string, lane: string) {
  const queue = new Queue<BatchJob>(batchesQueue, {
    prefix: lanePrefix(lane),
    connection: clientOptionsOf(redisUrl),
    ...tracing(),
    defaultJobOptions: {
      attempts: batchAttempts,
      backoff: { type: "exponential", delay: firstBackoffMs, jitter: 0.5 },
      removeOnComplete: keptJobs,
      removeOnFail: false,
    },
  });
  // A lost connection is bridged by the client; without a listener it would end the process.
  queue.on("error", () => {});
  return queue;
}

export type BatchQueue = ReturnType<typeof openQueue>;

/**
 * Puts batches into the queue. BullMQ silently ignores an id that exists in any state, the failed set included, so
 * ids are looked up first: failed, and completed that the caller knows not to be done, are made anew with all their
 * attempts; absent is added; anything else is left alone.
 *
 * @param aheadOf images of the same run that are in the queue before this batch. The fewer, the sooner it is taken: so runs
 *   that share a lane take turns by their work, and a small run need not wait for the window of a large one
 */
export async function offerBatches(
  queue: BatchQueue,
  jobs: BatchJob[],
  aheadOf: (job: BatchJob) => number = () => 0,
): Promise<void> {
  const states = await Promise.all(jobs.map((job) => queue.getJobState(jobIdOf(job))));
  const absent: BatchJob[] = [];
  for (const [i, job] of jobs.entries()) {
    const state = states[i];
    if (state === "failed" || state === "completed") await (await queue.getJob(jobIdOf(job)))?.remove();
    if (state === "unknown" || state === "failed" || state === "completed") absent.push(job);
  }
  if (absent.length > 0) {
    const optionsOf = (job: BatchJob) => ({ jobId: jobIdOf(job), priority: Math.min(lastPriority, 1 + aheadOf(job)) });
    await queue.addBulk(absent.map((job) => ({ name: "batch", data: job, opts: optionsOf(job) })));
  }
}

/** The states of batches in the queue, in the order of the jobs; "unknown" where the queue has no such job. */
export async function batchStates(queue: BatchQueue, jobs: BatchJob[]): Promise<string[]> {
  return Promise.all(jobs.map((job) => queue.getJobState(jobIdOf(job))));
}

/**
 * Why a batch failed for good, as its worker put it; null when the queue does not know. The job is removed: at most a
 * window of failed ones stays in Redis, and nobody looks for it again but a producer that offers it anew.
 */
export async function takeFailure(queue: BatchQueue, job: BatchJob): Promise<string | null> {
  const failed = await queue.getJob(jobIdOf(job));
  await failed?.remove();
  return failed?.failedReason ?? null;
}

/** Takes the batches that no worker holds out of the queue again. */
export async function withdrawBatches(queue: BatchQueue, jobs: BatchJob[]): Promise<void> {
  for (const job of jobs) {
    try {
      await (await queue.getJob(jobIdOf(job)))?.remove();
    } catch {
      // A worker holds it, and will finish it.
    }
  }
}

/** Takes all batches of a run out of the queue that no worker holds, whoever fed them. Returns how many. */
export async function withdrawRun(queue: BatchQueue, runId: string): Promise<number> {
  const jobIds = await queue.getRanges(["wait", "prioritized", "delayed"], 0, -1);
  let withdrawn = 0;
  for (const jobId of jobIds) {
    // None is removed that a worker has taken meanwhile: it will finish it.
    if (runIdInJobId(jobId) === runId) withdrawn += await queue.remove(jobId);
  }
  return withdrawn;
}
