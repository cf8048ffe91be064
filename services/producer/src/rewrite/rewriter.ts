import type { BatchJob } from "@labelfleet/shared/contract/batch-job";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { eachOf } from "@labelfleet/shared/each-of";
import type { Logger } from "@labelfleet/shared/logger";
import { type BatchQueue, batchStates, takeFailure, withdrawBatches } from "@labelfleet/shared/queue/batch-queue";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { liveWorkers } from "@labelfleet/shared/redis/registry";
import type { RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { sleep } from "@labelfleet/shared/shutdown";
import { offer } from "../feed/offer.js";
import { ReadAhead } from "../feed/read-ahead.js";
import { Recounter } from "../feed/recount.js";
import { Weather } from "../feed/weather.js";
import { remedyOf, windowBatches } from "../feed/window.js";

const lookMs = 300;
/** How often the mark of `cancel` is looked for. */
const cancelLookMs = 2_000;
const readAheadBatches = 256;
const looksAtOnce = 8;
const namedFailures = 5;
/** A batch that came back this often without its records being done again is given up. */
const maxFruitless = 5;

/** What has to be done again of one batch. */
export interface Rewrite {
  job: BatchJob;
  /** Images that are done again. */
  images: number;
}

/** Which batches are to be rewritten, asked of the folder as it is at the moment. */
export interface RewriteQuestion {
  /** Batches in order, null where nothing is to be done. @throws RUN_INVALID */
  batches(): AsyncIterable<{ batchId: string; rewrite: Rewrite | null }>;
  /** What is left of a batch that was fed with this pass; null when it is done. @throws RUN_INVALID */
  left(batchId: string, pass: number): Promise<Rewrite | null>;
  /** How many of a finished batch's images would be chosen again. */
  failedAgain(batchId: string): Promise<number>;
}

/** Why rewriting ended: all is done or given up, or there is a reason to stop. */
export type RewriteEnd = "fed" | "paused" | "cancelled" | "stopped";

export interface RewriterOptions {
  folder: RunFolder;
  spec: RunSpec;
  question: RewriteQuestion;
  redis: Redis;
  queue: BatchQueue;
  progress: RunProgress;
  logger: Logger;
  /** Whether `pause` and `cancel` end it: they concern runs that are not complete. */
  canBeHalted: boolean;
  /** Ends what waits in the background for Redis or the output. */
  signal: AbortSignal;
}

interface InQueue extends Rewrite {
  /** The first pass that this was fed with. */
  firstPass: number;
  fruitless: number;
}

/** Keeps rewrites in the queue until each is done. Redis only tells when to look: the folder says whether a batch is done. */
export class Rewriter {
  /** Images chosen so far, those of them that were done, and those that failed again. */
  readonly state = { chosen: 0, done: 0, failedAgain: 0, batchesDone: 0, batchesFailed: 0, firstFailure: "" };
  readonly #options: RewriterOptions;
  readonly #pending: ReadAhead<Rewrite>;
  /** Next to be offered: what is taken from those to come does not come again. */
  readonly #taken: Rewrite[] = [];
  readonly #inQueue = new Map<string, InQueue>();
  readonly #weather: Weather;
  #windowBatches = windowBatches([], "");
  #cancelLookedMs = 0;
  #hasChosen = false;

  constructor(options: RewriterOptions) {
    this.#options = options;
    this.#weather = new Weather(options.logger);
    this.#pending = new ReadAhead(this.#choose(), readAheadBatches);
  }

  /** Whether all that is to be done again is known. */
  get hasChosen(): boolean {
    return this.#hasChosen;
  }

  /** Feeds to the end, or until there is a reason to stop. @throws RUN_INVALID when a shard is missing or cannot be read */
  async run(signal: AbortSignal): Promise<RewriteEnd> {
    while (!signal.aborted) {
      this.#taken.push(...this.#pending.take(this.#windowBatches - this.#inQueue.size - this.#taken.length));
      try {
        const halt = await this.#halt();
        if (halt !== null) return halt;
        await this.#offer(this.#taken.splice(0));
        await this.#settle();
        this.#windowBatches = await this.#window();
        this.#weather.clear();
        if (this.#pending.isDrained && this.#inQueue.size === 0) return "fed";
      } catch (error) {
        this.#weather.bear(error);
      }
      await sleep(lookMs, signal);
    }
    return "stopped";
  }

  /** Takes back what no worker holds. */
  async withdraw(): Promise<void> {
    await withdrawBatches(this.#options.queue, this.#jobs());
  }

  /** Counts again what the folder holds, after Redis was emptied. */
  async rebuildProgress(): Promise<void> {
    const recounter = new Recounter(this.#options);
    for await (const { batchId } of this.#options.question.batches()) await recounter.add(batchId);
    await recounter.flush();
  }

  /** The rewrites that the folder asks for; batches that Redis does not know are counted on the way. */
  async *#choose(): AsyncGenerator<Rewrite> {
    const recounter = new Recounter(this.#options);
    for await (const { batchId, rewrite } of this.#options.question.batches()) {
      await recounter.add(batchId);
      if (rewrite === null) continue;
      this.state.chosen += rewrite.images;
      yield rewrite;
    }
    await recounter.flush();
    this.#hasChosen = true;
  }

  /** What somebody said to the producers of this run, `pause` in Redis and `cancel` in the folder. */
  async #halt(): Promise<"paused" | "cancelled" | null> {
    const { canBeHalted, progress, folder } = this.#options;
    if (!canBeHalted) return null;
    if (await progress.isPaused()) return "paused";
    if (Date.now() - this.#cancelLookedMs < cancelLookMs) return null;
    if (await folder.isCancelled()) return "cancelled";
    this.#cancelLookedMs = Date.now();
    return null;
  }

  async #window(): Promise<number> {
    const { redis, spec } = this.#options;
    return windowBatches(await liveWorkers(redis, await redisNowMs(redis)), spec.overridable.lane);
  }

  /** Puts rewrites into the queue. They are known also when that rejects: `#settle` puts them back. */
  async #offer(rewrites: Rewrite[]): Promise<void> {
    const ahead = new Map<string, number>();
    let images = [...this.#inQueue.values()].reduce((sum, batch) => sum + batch.images, 0);
    for (const rewrite of rewrites) {
      this.#inQueue.set(rewrite.job.batchId, { ...rewrite, firstPass: rewrite.job.pass, fruitless: 0 });
      ahead.set(rewrite.job.batchId, images);
      images += rewrite.images;
    }
    const jobs = rewrites.map(({ job }) => job);
    await offer(this.#options, jobs, ({ batchId }) => ahead.get(batchId) ?? 0);
  }

  /** Looks at what the queue does not hold any more. */
  async #settle(): Promise<void> {
    const { queue } = this.#options;
    const jobs = this.#jobs();
    const states = await batchStates(queue, jobs);
    const again: InQueue[] = [];
    await eachOf(jobs.entries(), looksAtOnce, async ([i, { batchId }]) => {
      const remedy = remedyOf(states[i] ?? "unknown");
      if (remedy === "wait") return;
      const next = await this.#look(batchId, {
        wasCompleted: states[i] === "completed",
        hasFailed: remedy === "give up",
      });
      if (next !== null) again.push(next);
    });
    if (again.length === 0) return;
    await offer(
      this.#options,
      again.map(({ job }) => job),
    );
    // Only now, so that a look which Redis refused is repeated and not counted as fruitless.
    for (const next of again) this.#inQueue.set(next.job.batchId, next);
  }

  /** What a batch needs now, or null when it is done or given up. */
  async #look(batchId: string, seen: { wasCompleted: boolean; hasFailed: boolean }): Promise<InQueue | null> {
    const { question, queue } = this.#options;
    const known = this.#inQueue.get(batchId)!;
    const left = await question.left(batchId, known.firstPass);
    if (left === null) {
      const failedAgain = await question.failedAgain(batchId);
      this.#inQueue.delete(batchId);
      this.state.failedAgain += failedAgain;
      this.state.done += known.images;
      this.state.batchesDone++;
      return null;
    }
    const fruitless = known.fruitless + (seen.wasCompleted ? 1 : 0);
    if (!seen.hasFailed && fruitless < maxFruitless) return { ...known, job: left.job, fruitless };
    const reason = (await takeFailure(queue, known.job)) ?? "its shards stayed as they were";
    this.#inQueue.delete(batchId);
    this.state.firstFailure ||= reason;
    if (this.state.batchesFailed++ < namedFailures) {
      this.#options.logger.error(`batch ${batchId} was not done again: ${reason.split("\n")[0]}`);
    }
    return null;
  }

  #jobs(): BatchJob[] {
    return [...this.#inQueue.values()].map(({ job }) => job);
  }
}
