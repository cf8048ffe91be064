import type { BatchJob } from "@labelfleet/shared/contract/batch-job";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { eachOf } from "@labelfleet/shared/each-of";
import { type BatchQueue, batchStates, takeFailure, withdrawBatches } from "@labelfleet/shared/queue/batch-queue";
import type { RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { offer } from "./offer.js";
import type { PlannedBatch } from "./planned-batches.js";
import type { Recounter } from "./recount.js";
import { remedyOf } from "./window.js";

/** Batches whose shards are looked for at a time. */
const looksAtOnce = 32;

/** What became of batches that were in the queue. */
export interface Settled {
  done: string[];
  failed: { batchId: string; reason: string }[];
}

/**
 * The batches of a run that are in the queue. Redis says cheaply which may be finished; the folder has the last word, so a
 * batch leaves only when its shards lie there, or when its job failed for good.
 */
export class Outstanding {
  readonly #folder: RunFolder;
  readonly #spec: RunSpec;
  readonly #queue: BatchQueue;
  readonly #progress: RunProgress;
  readonly #recounter: Recounter;
  readonly #jobs = new Map<string, BatchJob>();
  readonly #images = new Map<string, number>();
  /** Counted in Redis although the folder has no shard: an old count, looked at again only with the queue's states. */
  readonly #doubted = new Set<string>();
  /** Taken out of the queue, and not yet told. */
  readonly #failures: Settled["failed"] = [];

  constructor(options: {
    folder: RunFolder;
    spec: RunSpec;
    queue: BatchQueue;
    progress: RunProgress;
    recounter: Recounter;
  }) {
    this.#folder = options.folder;
    this.#spec = options.spec;
    this.#queue = options.queue;
    this.#progress = options.progress;
    this.#recounter = options.recounter;
  }

  get size(): number {
    return this.#jobs.size;
  }

  get images(): number {
    return [...this.#images.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Puts batches into the queue. They are outstanding also when that rejects: `settleByState` puts them back. */
  async offer(batches: PlannedBatch[]): Promise<void> {
    const jobs: BatchJob[] = [];
    const ahead = new Map<string, number>();
    let images = this.images;
    for (const { batchId, chunkId, rangeId, ...batch } of batches) {
      const job = this.#jobOf(batchId, chunkId, rangeId);
      jobs.push(job);
      this.#jobs.set(batchId, job);
      this.#images.set(batchId, batch.images);
      ahead.set(batchId, images);
      images += batch.images;
    }
    await this.#put(jobs, ({ batchId }) => ahead.get(batchId) ?? 0);
  }

  /** The cheap look, several times a second: which batches have been counted, and do lie in the folder. */
  async settleCounted(): Promise<Settled> {
    const candidates = [...this.#jobs.keys()].filter((batchId) => !this.#doubted.has(batchId));
    const isCounted = await this.#progress.finished(candidates, this.#modelIds());
    const counted = candidates.filter((_, i) => isCounted[i] === true);
    const isThere = await this.#areThere(counted);
    const settled: Settled = { done: [], failed: [] };
    for (const [i, batchId] of counted.entries()) {
      if (isThere[i] === true) this.#settle(batchId, settled);
      else this.#doubted.add(batchId);
    }
    return settled;
  }

  /** The thorough look: puts back what the queue lost, and takes out what failed for good. */
  async settleByState(): Promise<Settled> {
    const jobs = [...this.#jobs.values()];
    const states = await batchStates(this.#queue, jobs);
    const suspects = jobs
      .map((job, i) => ({ job, remedy: remedyOf(states[i] ?? "unknown") }))
      .filter(({ remedy }) => remedy !== "wait");
    const isThere = await this.#areThere(suspects.map(({ job }) => job.batchId));
    const settled: Settled = { done: [], failed: [] };
    const [found, failed, lost]: [BatchJob[], BatchJob[], BatchJob[]] = [[], [], []];
    for (const [i, { job, remedy }] of suspects.entries()) {
      if (isThere[i] === true) found.push(job);
      else if (remedy === "give up") failed.push(job);
      else lost.push(job);
    }
    for (const { batchId } of found) await this.#recounter.add(batchId);
    await this.#recounter.flush();
    await this.#put(lost);
    for (const job of failed) {
      const reason = (await takeFailure(this.#queue, job)) ?? "no reason was given";
      // A failure can be taken out once only: what Redis refuses behind it must not lose it.
      this.#forget(job.batchId);
      this.#failures.push({ batchId: job.batchId, reason: reason.split("\n")[0] ?? reason });
    }
    // Nothing else is forgotten before all of that succeeded: what Redis or the output refuses is repeated by the next look.
    for (const { batchId } of found) this.#settle(batchId, settled);
    return { ...settled, failed: this.#failures.splice(0) };
  }

  /** Takes back what no worker holds. */
  async withdraw(): Promise<void> {
    await withdrawBatches(this.#queue, [...this.#jobs.values()]);
    this.#jobs.clear();
    this.#images.clear();
  }

  #put(jobs: BatchJob[], aheadOf?: (job: BatchJob) => number): Promise<void> {
    return offer({ folder: this.#folder, queue: this.#queue, progress: this.#progress }, jobs, aheadOf);
  }

  #forget(batchId: string): void {
    this.#jobs.delete(batchId);
    this.#images.delete(batchId);
  }

  #settle(batchId: string, settled: Settled): void {
    this.#forget(batchId);
    this.#doubted.delete(batchId);
    settled.done.push(batchId);
  }

  #modelIds(): string[] {
    return this.#spec.frozen.models.map((model) => model.id);
  }

  async #areThere(batchIds: string[]): Promise<boolean[]> {
    const found: boolean[] = [];
    await eachOf(batchIds.entries(), looksAtOnce, async ([i, batchId]) => {
      found[i] = await this.#isThere(batchId);
    });
    return found;
  }

  async #isThere(batchId: string): Promise<boolean> {
    const names = this.#modelIds().map((modelId) => runNames.shard(modelId, batchId, this.#spec.frozen.format));
    const found = await Promise.all(names.map((name) => this.#folder.store.head(this.#folder.keyOf(name))));
    return found.every((info) => info !== null);
  }

  #jobOf(batchId: string, chunk: string, range: string): BatchJob {
    const { runId } = this.#spec;
    return {
      schemaVersion: 1,
      run: this.#folder.uri,
      runId,
      range,
      chunk,
      batchId,
      pass: 0,
      rewrite: null,
      retryCode: null,
      mend: false,
    };
  }
}
