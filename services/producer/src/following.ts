import { toLabelfleetError } from "@labelfleet/shared/errors";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import { liveWorkers } from "@labelfleet/shared/redis/registry";
import type { ProducerState, RunProgress } from "@labelfleet/shared/redis/run-progress";
import { throttled } from "@labelfleet/shared/throttled";
import { imagesInHand } from "./feed/images-in-hand.js";
import { type Periodic, periodically } from "./periodically.js";
import { Presence } from "./presence.js";
import type { ProduceOptions, ProduceProgress } from "./produce.js";

const progressMs = 500;
const noteMs = 1_000;

type FollowingOptions = ProduceOptions & {
  progress: RunProgress;
  producerId: string;
  startedMs: number;
  /** Of the run, for whoever asks Redis. */
  listed: () => { images: number; isComplete: boolean };
  /** Of the work in hand, for the caller. */
  stand: () => Omit<ProduceProgress, "elapsedSeconds">;
  /** Counts again what the folder holds, after Redis was emptied. */
  rebuildProgress: () => Promise<void>;
};

/** Everything a producer says while it works: its state and counters to Redis, its times to stats/, progress to its caller. */
export class Following {
  readonly #options: FollowingOptions;
  readonly #presence: Presence;
  readonly #telling: Periodic;
  readonly #noting: Periodic;
  #state: ProducerState | null = null;
  /** Images that workers have labelled at the last look, those of unfinished batches included. */
  #labelled = 0;
  #rebuilding: Promise<void> | null = null;

  constructor(options: FollowingOptions) {
    this.#options = options;
    this.#presence = new Presence(options);
    const warn = throttled((error) => options.logger.warn(toLabelfleetError(error).message));
    this.#telling = periodically(progressMs, async () => this.#tell(), warn);
    this.#noting = periodically(noteMs, () => this.#note(), warn);
  }

  /** Whether any worker is there that could leave statistics. */
  async hasWorkers(): Promise<boolean> {
    const { redis, spec } = this.#options;
    const workers = await liveWorkers(redis, await redisNowMs(redis));
    return workers.some((worker) => worker.lanes.includes(spec.overridable.lane));
  }

  /** Stops following and notes how it ended. The first call also marks the last moment of the work, in stats/. */
  async end(state: ProducerState): Promise<void> {
    if (this.#state === "done") return;
    if (this.#state === null) await this.#presence.flush();
    this.#state = state;
    await this.stop();
    await this.#presence.note(state, this.#options.listed());
  }

  async stop(): Promise<void> {
    await Promise.all([this.#telling.stop(), this.#noting.stop()]);
    await this.#rebuilding;
    this.#tell();
  }

  /** Batches take about ten seconds; people want to see images. */
  async #countLabelled(): Promise<void> {
    const { redis, spec, progress, stand } = this.#options;
    // Counted before the unfinished batches are looked at: a batch that ends meanwhile is missing for a moment, never counted twice.
    const { done } = stand();
    const workers = await liveWorkers(redis, await redisNowMs(redis));
    const run = { runId: spec.runId, modelIds: spec.frozen.models.map(({ id }) => id) };
    this.#labelled = Math.max(this.#labelled, done + (await imagesInHand(progress, workers, run)));
  }

  #tell(): void {
    const { stand, startedMs, onProgress } = this.#options;
    const counted = stand();
    const done = Math.max(counted.done, Math.min(this.#labelled, counted.listed));
    onProgress?.({ ...counted, done, elapsedSeconds: (Date.now() - startedMs) / 1000 });
  }

  async #note(): Promise<void> {
    const { listed, rebuildProgress, logger } = this.#options;
    const state = this.#state ?? (listed().isComplete ? "feeding" : "listing");
    const wasForgotten = await this.#presence.note(state, listed());
    // Before anything else that Redis may refuse: it is said only once that the run was forgotten.
    if (wasForgotten && this.#rebuilding === null) {
      logger.warn("Redis was emptied: the queue and the counters are rebuilt from the run's folder");
      this.#rebuilding = rebuildProgress()
        .catch((error: unknown) => logger.warn(toLabelfleetError(error).message))
        .finally(() => {
          this.#rebuilding = null;
        });
    }
    await this.#presence.flushWhenDue();
    await this.#countLabelled();
  }
}
