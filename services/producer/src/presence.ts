import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { ProducerStats } from "@labelfleet/shared/contract/stats";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { registerRun } from "@labelfleet/shared/redis/registry";
import type { ProducerNote, ProducerState, RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";

const flushMs = 5_000;

/** What a producer tells of itself: to Redis about every second, to stats/ every five. */
export class Presence {
  readonly #options: { folder: RunFolder; spec: RunSpec; redis: Redis; progress: RunProgress; producerId: string };
  readonly #startedMs: number;
  #flushedMs = 0;
  #hasNoted = false;

  constructor(options: {
    folder: RunFolder;
    spec: RunSpec;
    redis: Redis;
    progress: RunProgress;
    producerId: string;
    startedMs: number;
  }) {
    this.#options = options;
    this.#startedMs = options.startedMs;
  }

  /** Notes the state. Returns whether Redis had forgotten the run since the last note. */
  async note(state: ProducerState, listed: { images: number; isComplete: boolean }): Promise<boolean> {
    const { folder, spec, redis, progress, producerId } = this.#options;
    const wasForgotten = this.#hasNoted && (await progress.lastNote()) === null;
    if (wasForgotten || !this.#hasNoted) {
      await registerRun(redis, {
        runId: spec.runId,
        lane: spec.overridable.lane,
        run: folder.uri,
        modelIds: spec.frozen.models.map((model) => model.id),
        createdMs: Date.parse(spec.frozen.created),
      });
    }
    const note: ProducerNote = {
      state,
      run: folder.uri,
      producerId,
      listedImages: listed.images,
      listingComplete: listed.isComplete,
      seenMs: await redisNowMs(redis),
    };
    await progress.note(note);
    this.#hasNoted = true;
    return wasForgotten;
  }

  async flushWhenDue(): Promise<void> {
    if (Date.now() - this.#flushedMs >= flushMs) await this.flush();
  }

  /** Writes stats/producer-<id>.json: this producer was here until now. */
  async flush(): Promise<void> {
    const { folder, spec, producerId } = this.#options;
    this.#flushedMs = Date.now();
    const stats: ProducerStats = {
      schemaVersion: 1,
      role: "producer",
      producerId,
      runId: spec.runId,
      startedMs: this.#startedMs,
      updatedMs: Date.now(),
    };
    await folder.writeJson(runNames.statsOf(`producer-${producerId}`), stats);
  }
}
