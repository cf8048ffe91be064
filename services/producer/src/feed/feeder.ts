import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { Logger } from "@labelfleet/shared/logger";
import type { BatchQueue } from "@labelfleet/shared/queue/batch-queue";
import { unloadableIn } from "@labelfleet/shared/queue/unloadable";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { liveWorkers } from "@labelfleet/shared/redis/registry";
import type { RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { sleep } from "@labelfleet/shared/shutdown";
import type { ChunkLog } from "../partition/chunk-log.js";
import { hasTooManyFailed } from "./max-failed.js";
import { Outstanding, type Settled } from "./outstanding.js";
import { type PlannedBatch, plannedBatches } from "./planned-batches.js";
import { ReadAhead } from "./read-ahead.js";
import { Recounter } from "./recount.js";
import { type ImageTotals, imageTotalsOf } from "./run-totals.js";
import { Weather } from "./weather.js";
import { windowBatches } from "./window.js";

const pollMs = 200;
/** How often the queue's states and the live workers are looked at. */
const sweepMs = 2_000;
const readAheadBatches = 256;
const namedFailures = 5;

export interface FeedState extends ImageTotals {
  batchesDone: number;
  batchesFailed: number;
  /** Why the first of them failed. */
  firstFailure: string | null;
}

/** Why feeding ended: all is done, or there is a reason to stop. */
export type FeedEnd = "fed" | "too-many-failed" | "paused" | "cancelled" | "stopped";

export interface FeederOptions {
  folder: RunFolder;
  spec: RunSpec;
  log: ChunkLog;
  redis: Redis;
  queue: BatchQueue;
  progress: RunProgress;
  logger: Logger;
  /** Ends what waits in the background for Redis or the output. */
  signal: AbortSignal;
}

/** Keeps a window of a run's batches in the queue until all are done or failed. */
export class Feeder {
  readonly state: FeedState = { done: 0, ok: 0, failed: 0, batchesDone: 0, batchesFailed: 0, firstFailure: null };
  readonly #options: FeederOptions;
  readonly #outstanding: Outstanding;
  readonly #pending: ReadAhead<PlannedBatch>;
  #windowBatches = windowBatches([], "");
  #sweptMs = 0;
  /** Batches that were done since this producer began. */
  #doneNow = 0;
  readonly #weather: Weather;

  constructor(options: FeederOptions) {
    this.#options = options;
    const { folder, spec, progress, logger } = options;
    this.#weather = new Weather(logger);
    this.#outstanding = new Outstanding({ ...options, recounter: new Recounter({ folder, spec, progress, logger }) });
    this.#pending = new ReadAhead(this.#undone(), readAheadBatches);
  }

  /** Feeds to the end, or until there is a reason to stop. Rejects with what the listing rejected with. */
  async run(signal: AbortSignal): Promise<FeedEnd> {
    // Workers wait for the first batch, so there is a look as soon as it is there.
    const first = this.#pending.begun.then(() => "first" as const);
    let isFirstThere = false;
    while (!signal.aborted) {
      try {
        const end = await this.#step();
        if (end !== null) return end;
      } catch (error) {
        // The signal ends the listing too, which then rejects with the signal's reason.
        if (signal.aborted) return "stopped";
        throw error;
      }
      const { maxFailed } = this.#options.spec.overridable;
      if (hasTooManyFailed(maxFailed, this.state.done, this.state.failed)) return "too-many-failed";
      const nextLook = sleep(pollMs, signal);
      if (isFirstThere) await nextLook;
      else isFirstThere = (await Promise.race([nextLook, first])) === "first";
    }
    return "stopped";
  }

  /** What is in the queue or with a worker. */
  get fed(): { batches: number; images: number; windowBatches: number } {
    return { batches: this.#outstanding.size, images: this.#outstanding.images, windowBatches: this.#windowBatches };
  }

  withdraw(): Promise<void> {
    return this.#outstanding.withdraw();
  }

  /** Counts again what the folder holds, after Redis was emptied. */
  async rebuildProgress(): Promise<void> {
    const { folder, spec, log } = this.#options;
    this.#sweptMs = 0;
    const recounter = new Recounter(this.#options);
    for await (const batch of plannedBatches({ folder, spec, chunks: log.soFar() })) {
      if (batch.isDone) await recounter.add(batch.batchId);
    }
    await recounter.flush();
  }

  /** One look and what follows from it. Returns why to end, or null. Rejects with what the listing rejected with. */
  async #step(): Promise<FeedEnd | null> {
    const seen = await this.#orWait(() => this.#look());
    if (seen !== null && seen !== "waiting") return seen;
    const batches = this.#pending.take(this.#windowBatches - this.#outstanding.size);
    const fed = await this.#orWait(() => this.#feed(batches));
    // What could not be offered is looked for at once, so that it is not called good weather before it is in the queue.
    if (fed === "waiting") this.#sweptMs = 0;
    if (seen === "waiting" || fed === "waiting") return null;
    this.#weather.clear();
    return this.#pending.isDrained && this.#outstanding.size === 0 ? "fed" : null;
  }

  /** The work's result, or "waiting" when it failed in a way that may pass. */
  async #orWait<T>(work: () => Promise<T>): Promise<T | "waiting"> {
    try {
      return await work();
    } catch (error) {
      this.#weather.bear(error);
      return "waiting";
    }
  }

  async #feed(batches: PlannedBatch[]): Promise<void> {
    const { progress, spec } = this.#options;
    if (batches.length > 0) await this.#outstanding.offer(batches);
    const totals = await progress.totals(spec.frozen.models.map((model) => model.id));
    Object.assign(this.state, imageTotalsOf(totals.values()));
  }

  /** What became of the batches in the queue, and whether somebody halted the run. */
  async #look(): Promise<"paused" | "cancelled" | null> {
    const { folder, redis, spec, progress } = this.#options;
    if (await progress.isPaused()) return "paused";
    this.#note(await this.#outstanding.settleCounted());
    if (Date.now() - this.#sweptMs < sweepMs) return null;
    // `cancel` leaves its word in the folder, because it may not know this run's Redis.
    if (await folder.isCancelled()) return "cancelled";
    this.#windowBatches = windowBatches(await liveWorkers(redis, await redisNowMs(redis)), spec.overridable.lane);
    this.#note(await this.#outstanding.settleByState());
    this.#sweptMs = Date.now();
    return null;
  }

  #note(settled: Settled): void {
    this.state.batchesDone += settled.done.length;
    this.#doneNow += settled.done.length;
    const unloadable = unloadableIn(
      settled.failed.map(({ reason }) => reason),
      this.#doneNow,
    );
    if (unloadable !== null) throw unloadable;
    for (const { batchId, reason } of settled.failed) {
      this.state.firstFailure ??= reason;
      if (this.state.batchesFailed++ < namedFailures) {
        this.#options.logger.error(
          `batch ${batchId} failed for good: ${reason}; \`npx labelfleet resume\` tries it again`,
        );
      }
    }
  }

  /** What is to be fed; what is done already is counted on the way. */
  async *#undone(): AsyncGenerator<PlannedBatch> {
    const { folder, spec, log } = this.#options;
    const recounter = new Recounter(this.#options);
    for await (const batch of plannedBatches({ folder, spec, chunks: log.follow() })) {
      if (batch.isDone) {
        this.state.batchesDone++;
        await recounter.add(batch.batchId);
      } else yield batch;
    }
    await recounter.flush();
  }
}
