import { runNames } from "@labelfleet/shared/contract/run-names";
import type { WorkerStage } from "@labelfleet/shared/contract/stats";
import { toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { beat, type InputPause, removeWorker } from "@labelfleet/shared/redis/registry";
import { within } from "@labelfleet/shared/shutdown";
import type { RunContext } from "../consume/run-context.js";
import type { SlowRead } from "../fetch/reads-under-way.js";
import { BusyShares } from "./busy-shares.js";
import { EventLoopDelay } from "./event-loop-delay.js";
import type { RunStats, WorkerIdentity } from "./run-stats.js";
import { SlowReadLog } from "./slow-read-log.js";

/** People watch progress and rates by heartbeats. */
const beatEveryMs = 2_000;
const flushEveryMs = 5_000;
/** How long saying goodbye to Redis may take: it may be gone for good, and forgets silent workers by itself. */
const goodbyeMs = 2_000;

/** What the reporter asks of its worker each time. */
export interface WorkerState {
  device: string;
  slots: Record<WorkerStage, number>;
  batchSlots: number;
  batchesInHand: number;
  /** The oldest first. */
  slowReads: SlowRead[];
}

/** Every 2 s a heartbeat to Redis, and every 5 s the statistics of each open run to its folder. */
export class Reporter {
  readonly #redis: Redis;
  readonly #identity: WorkerIdentity;
  readonly #lanes: string[];
  readonly #state: () => WorkerState;
  readonly #contexts: () => RunContext[];
  readonly #logger: Logger;
  readonly #delay = new EventLoopDelay();
  readonly #busy = new BusyShares(performance.now());
  readonly #timers: NodeJS.Timeout[];
  /** How far each run's statistics were when they were written last. */
  readonly #written = new WeakMap<RunStats, number>();
  readonly #slowReadLog: SlowReadLog;
  #lastImages = 0;
  #lastBeatMs = performance.now();

  constructor(options: {
    redis: Redis;
    identity: WorkerIdentity;
    lanes: string[];
    state: () => WorkerState;
    contexts: () => RunContext[];
    logger: Logger;
  }) {
    this.#redis = options.redis;
    this.#identity = options.identity;
    this.#lanes = options.lanes;
    this.#state = options.state;
    this.#contexts = options.contexts;
    this.#logger = options.logger;
    this.#slowReadLog = new SlowReadLog((line) => options.logger.warn(line));
    const beat = unlessRunning(() => this.#beatOrSay());
    const write = unlessRunning(() => this.#writeAll());
    this.#timers = [setInterval(() => void beat(), beatEveryMs), setInterval(() => void write(), flushEveryMs)];
  }

  /** Says that the worker is there; later beats follow by themselves. */
  async beat(): Promise<void> {
    const contexts = this.#contexts();
    // A run that comes on two lanes is open twice, and counted once.
    const stats = [...new Set(contexts.map((context) => context.stats))];
    const images = stats.reduce((sum, run) => sum + run.images, 0);
    const nowMs = performance.now();
    const seconds = Math.max(0.001, (nowMs - this.#lastBeatMs) / 1_000);
    const { device, slots, batchSlots, batchesInHand, slowReads } = this.#state();
    this.#slowReadLog.look(slowReads, nowMs);
    await beat(this.#redis, {
      workerId: this.#identity.workerId,
      lanes: this.#lanes,
      host: this.#identity.host,
      device,
      batchSlots,
      imagesPerSecond: Math.max(0, Math.round(((images - this.#lastImages) / seconds) * 10) / 10),
      inputPauses: contexts.flatMap(inputPauseIn),
      slowReads,
      seenMs: await redisNowMs(this.#redis),
      models: [...new Set(contexts.flatMap(({ spec }) => spec.frozen.models.map((model) => model.id)))].sort(),
      batchesInHand,
      imagesInHand: contexts.flatMap(({ spec, labelled }) =>
        [...labelled].map(([batchId, images]) => ({ runId: spec.runId, batchId, images })),
      ),
      busy: this.#busy.since(
        stats.map((run) => run.busyMs()),
        slots,
        nowMs,
      ),
    });
    this.#lastImages = images;
    this.#lastBeatMs = nowMs;
  }

  /** stats/<workerId>.json of one run. Statistics are never worth failing a batch, so a refusal is a log line. */
  async writeStats(context: RunContext): Promise<void> {
    const { revision } = context.stats;
    // A run that nothing happens in is left alone: it may be finished, or its folder deleted.
    if (this.#written.get(context.stats) === revision) return;
    const { device, slots } = this.#state();
    const stats = context.stats.snapshot({ device, slots, eventLoopDelayMs: this.#delay.read() });
    try {
      await context.folder.writeJson(runNames.statsOf(this.#identity.workerId), stats);
      this.#written.set(context.stats, revision);
    } catch (error) {
      this.#logger.warn(`statistics not written: ${toLabelfleetError(error).message}`);
    }
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#delay.stop();
    await within(goodbyeMs, removeWorker(this.#redis, this.#identity.workerId));
  }

  async #beatOrSay(): Promise<void> {
    try {
      await this.beat();
    } catch (error) {
      this.#logger.debug(`no heartbeat: ${toLabelfleetError(error).message}`);
    }
  }

  async #writeAll(): Promise<void> {
    for (const context of this.#contexts()) await this.writeStats(context);
  }
}

/** Work that is left out while it is still under way: where Redis or a store is silent, nothing piles up. */
function unlessRunning(work: () => Promise<void>): () => Promise<void> {
  let isRunning = false;
  return async () => {
    if (isRunning) return;
    isRunning = true;
    await work().finally(() => {
      isRunning = false;
    });
  };
}

/** None or one. */
function inputPauseIn({ input, spec }: RunContext): InputPause[] {
  const { pause } = input;
  if (pause === null) return [];
  const sinceMs = Math.round(Date.now() - pause.forMs);
  return [{ runId: spec.runId, input: spec.frozen.input, code: pause.code, sinceMs }];
}
