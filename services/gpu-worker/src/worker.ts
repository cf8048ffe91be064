import { hostname } from "node:os";
import { newProcessId } from "@labelfleet/shared/contract/ids";
import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import { toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import type { MetricsAddress } from "@labelfleet/shared/metrics/serve";
import { type BatchConsumer, consumeBatches, HandBack } from "@labelfleet/shared/queue/batch-consumer";
import { isUnloadable, markUnloadable } from "@labelfleet/shared/queue/unloadable";
import { connectRedis, isServing, watchForLoss } from "@labelfleet/shared/redis/connection";
import { registerLane } from "@labelfleet/shared/redis/registry";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { Releasers } from "@labelfleet/shared/releasers";
import { parentEnded, within } from "@labelfleet/shared/shutdown";
import type { SimulatedDevice } from "@labelfleet/shared/simulated-device";
import { openStore } from "@labelfleet/shared/storage/open-store";
import type { S3Settings } from "@labelfleet/shared/storage/s3-settings";
import { throttled } from "@labelfleet/shared/throttled";
import { version } from "@labelfleet/shared/version";
import { Batcher } from "./batch/batcher.js";
import { ImageBudget } from "./batch/image-budget.js";
import { batchSlotBounds, batchSlotsFor, letGoMs, maxImagesInFlight, stageSlots } from "./bounds.js";
import { Admission } from "./consume/admission.js";
import { defaultBreakerPolicy } from "./consume/breaker.js";
import { ModelLoader } from "./consume/model-loader.js";
import { RunContexts } from "./consume/run-contexts.js";
import { planThreads, type ThreadPins } from "./cores.js";
import type { DecodeEntries } from "./fetch/loader-pool.js";
import { openThreads } from "./open-threads.js";
import { type PipelineDeps, processBatch } from "./pipeline.js";
import { Reporter } from "./report/reporter.js";
import { sayWork } from "./report/work-lines.js";
import { Stopping } from "./stopping.js";

export interface WorkerOptions {
  redisUrl: string;
  lanes: string[];
  /** Addresses within which runs are worked on; unset: runs that a producer registered. */
  allow?: readonly string[] | null;
  device: DeviceChoice;
  /** A device that only takes its time, instead of a real one. */
  simulated?: SimulatedDevice | null;
  cores: number;
  threadPins: ThreadPins;
  /** What loader threads read S3 with; unset: what the environment says, as all else in the worker. */
  loaderS3?: S3Settings;
  /** Built graphs and downloaded models. */
  cacheDir: string;
  /** How long the worker may go on with what it has begun after the signal aborts. */
  graceMs: number;
  /** What the inference of one batch may take before its thread counts as dead. */
  inferTimeoutMs: number;
  /** How long batches wait for an input that cannot be read at all, before their images fail. */
  maxPauseMs: number;
  /** What reading one object may take in all its attempts, and 4 s more for each MiB. */
  maxReadMs: number;
  /** How long the worker looks for a Redis that it has lost. */
  maxRedisAwayMs: number;
  /** Bytes of images between fetch and inference, encoded and decoded together. */
  maxBytesInFlight: number;
  /** Images of one inference call, and how long an image waits for others; null: found out. */
  maxBatchSize: number | null;
  maxWaitMs: number | null;
  /** Memory of the device that the models may use; null: found out. */
  deviceMemoryMib: number | null;
  /** Of the run that is expected first. What reads them is loaded before a batch asks for it, which takes a fifth of a second with S3. */
  firstInput?: string | null;
  firstOutput?: string | null;
  /** Where /metrics, /healthz and /readyz are served; nowhere unless given. */
  metricsAddress?: MetricsAddress | null;
  logger: Logger;
  /** The programs that decode. */
  decodeEntries?: DecodeEntries;
  /** Called at the end when a thread could not be ended: Node's orderly exit would wait for it for ever. */
  onStuck?: () => void;
  /** Called when the worker takes batches. */
  onReady?: (workerId: string) => void;
}

const maxLineCharacters = 2_000;
/** How long a worker waits to be announced; it works without that too. */
const announceMs = 5_000;

/**
 * Runs one worker until the signal aborts, then stops in good order. Resolves when everything is released.
 *
 * @throws REDIS_UNSUITABLE at the start, REDIS_UNAVAILABLE then and when Redis is away for too long; WORKER_DIED when one of
 *   its threads ends; DEVICE_UNAVAILABLE; USAGE when the address for its metrics is taken
 */
export async function runWorker(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const { redisUrl, lanes, logger } = options;
  const workerId = newProcessId(hostname(), process.pid);
  const plan = planThreads(options.cores, options.threadPins);
  const died = new AbortController();
  const onDied = (error: Error) => died.abort(error);
  const releasers = new Releasers();
  let isStuck = false;
  const noteStuck = (hasEnded: boolean) => {
    isStuck ||= !hasEnded;
  };
  try {
    // The threads load their libraries while this thread connects.
    const { sizes, infer, loaders } = openThreads(options, plan, { releasers, onDied, noteStuck });
    if (options.firstInput) loaders.open(options.firstInput);
    const redis = await connectRedis(redisUrl, lanes);
    releasers.push("redis", () => redis.disconnect());
    const lost = watchForLoss(redis, options.maxRedisAwayMs);
    lost.addEventListener("abort", () => onDied(lost.reason), { once: true });

    // Without the device that was asked for by name nothing can be done, and no batch should be taken to find that out.
    if (options.device === "cuda") await infer.started();

    const stages = {
      budget: new ImageBudget({ maxImages: maxImagesInFlight(plan), maxBytes: options.maxBytesInFlight }),
      loaders,
      batcher: new Batcher(infer, sizes),
      maxReadMs: options.maxReadMs,
    };
    /** Larger batches need more images to gather from. */
    const fitImagesInFlight = () => {
      const maxImages = maxImagesInFlight(plan, { largestBatch: sizes.largest, takesTurns: infer.takesTurns });
      if (maxImages !== stages.budget.maxImages) stages.budget.setMaxImages(maxImages);
      infer.setMaxWaiting(maxImages);
    };
    sizes.onChange(fitImagesInFlight);
    const identity = { workerId, host: hostname(), versions: { labelfleet: version, node: process.versions.node } };
    const admission = new Admission({
      allow: options.allow ?? null,
      registeredRun: (lane, runId) => new RunProgress(redis, lane, runId).registeredRun(),
    });
    const contexts = new RunContexts({
      redis,
      admission,
      loader: new ModelLoader(infer, sizes, options.cacheDir, logger),
      onInput: (input) => loaders.open(input),
      identity,
      breaker: { ...defaultBreakerPolicy, maxPauseMs: options.maxPauseMs },
      say: (line) => logger.warn(line),
      onClosing: (context) => reporter.writeStats(context),
    });
    const batchSlots = new Map<string, number>(lanes.map((lane) => [lane, batchSlotBounds.min]));
    const state = () => ({
      device: infer.device ?? options.device,
      slots: stageSlots(plan, infer.slots),
      batchSlots: [...batchSlots.values()].reduce((sum, slots) => sum + slots, 0),
      batchesInHand: contexts.batchesInHand,
      slowReads: loaders.slowReads,
    });
    const reporter = new Reporter({
      redis,
      identity,
      lanes,
      state,
      contexts: () => contexts.loaded,
      logger,
    });
    // Redis and the stores may be gone by then, and neither is worth waiting for for long.
    releasers.push("reporter", () => within(letGoMs, reporter.stop()));
    releasers.push("runs", () => within(letGoMs, contexts.closeAll()));

    const stopping = new Stopping();
    const consumers: BatchConsumer[] = [];
    const queueEvents = { stalled: 0, retries: 0, failed: 0 };
    let lastReason = "";
    if (options.metricsAddress) {
      const { serveWorkerMetrics } = await import("./report/worker-metrics.js");
      const server = await serveWorkerMetrics(options.metricsAddress, {
        isReady: () =>
          consumers.length === lanes.length &&
          consumers.every((consumer) => consumer.isTaking) &&
          !stopping.draining.aborted &&
          isServing(redis),
        read: () => ({
          ...state(),
          work: contexts.totals,
          inside: stages.budget.inside,
          maxImages: stages.budget.maxImages,
          pausedRuns: contexts.paused,
          queue: queueEvents,
        }),
      });
      releasers.push("metrics", () => server.close());
      logger.info(`metrics at ${server.url}/metrics`);
    }
    const deps: PipelineDeps = {
      ...stages,
      workerId,
      draining: stopping.draining,
      checkpoint: (delivery) => stopping.checkpoint(delivery),
      writeStats: (context) => reporter.writeStats(context),
    };
    let closing: Promise<void> | undefined;
    const closeConsumers = (graceMs: number) => {
      closing ??= closeInOrder(consumers, stopping, graceMs);
      return closing;
    };
    releasers.push("consumers", () => closeConsumers(0));
    const announce = async (announcing: Promise<void>) => {
      await within(announceMs, announcing).catch((error: unknown) =>
        logger.warn(`the worker could not be announced: ${toLabelfleetError(error).message}`),
      );
    };
    for (const lane of lanes) {
      await announce(registerLane(redis, lane));
      const consumer: BatchConsumer = consumeBatches({
        redisUrl,
        lane,
        batchSlots: batchSlotBounds.min,
        workerId,
        isShortOf: (runId) => stages.budget.isInside(runId) && !stages.budget.isWaiting(runId),
        process: async (delivery) => {
          try {
            await contexts.use(delivery.job, lane, async (run) => {
              const slots = batchSlotsFor(run.spec.frozen.batchImages, stages.budget.maxImages);
              batchSlots.set(lane, slots);
              consumer.setBatchSlots(slots);
              await processBatch(deps, run, delivery);
            });
          } catch (error) {
            // What fails because this worker is dying, or has closed its threads, is not the batch's fault.
            const isEnding = died.signal.aborted || stopping.isGivingUp;
            throw isEnding ? new HandBack("the worker is ending") : markUnloadable(error);
          }
        },
        onFailed: (jobId, error, isFinal) => {
          queueEvents[isFinal ? "failed" : "retries"] += 1;
          const end = isFinal ? "failed for good" : "will be tried again";
          // All batches of a run meet the same model: the first one says why it cannot be loaded.
          const isKnown = isUnloadable(error.message) && error.message === lastReason;
          lastReason = error.message;
          logger[isKnown ? "debug" : "warn"](shortened(`batch ${jobId} ${end}: ${error.message}`));
        },
        onStalled: (jobId) => {
          queueEvents.stalled += 1;
          logger.warn(shortened(`batch ${jobId} lost its worker and goes back to the queue`));
        },
        onError: throttled((error) => logger.warn(shortened(`lane ${lane}: ${toLabelfleetError(error).message}`))),
      });
      consumers.push(consumer);
    }
    await announce(reporter.beat());
    logger.info({ lanes, cores: options.cores, ...plan }, "worker ready");
    const stopSaying = sayWork({
      images: () => contexts.totals.images,
      waiting: async () => (await Promise.all(consumers.map((each) => each.waiting()))).reduce((a, b) => a + b, 0),
      say: (line) => logger.info(line),
    });
    releasers.push("work lines", stopSaying);
    options.onReady?.(workerId);
    // What is wrong with it is told by its first batch.
    if (options.firstOutput) {
      openStore(options.firstOutput)
        .then(({ store }) => store.close())
        .catch(() => undefined);
    }

    await aborted(AbortSignal.any([signal, died.signal]));
    const isDying = died.signal.aborted;
    logger.info(`worker stopping: ${toLabelfleetError(isDying ? died.signal.reason : signal.reason).message}`);
    // What a worker without its `run` would finish now is done by whoever resumes the run.
    const graceMs = isDying || signal.reason === parentEnded ? 0 : options.graceMs;
    await closeConsumers(graceMs);
  } finally {
    await releasers.releaseAll((name, error) => logger.warn(`${name}: ${toLabelfleetError(error).message}`));
    if (isStuck) options.onStuck?.();
  }
  if (died.signal.aborted) throw died.signal.reason;
}

/** Stops taking batches, gives those in hand the grace time, then has them handed back. */
async function closeInOrder(consumers: readonly BatchConsumer[], stopping: Stopping, graceMs: number): Promise<void> {
  stopping.drain();
  const closing = Promise.all(consumers.map((consumer) => consumer.close()));
  if (graceMs > 0) await within(graceMs, closing);
  stopping.giveUp();
  await within(letGoMs, closing);
}

/** Whoever fills the queue also chooses what jobs are called. */
function shortened(line: string): string {
  return line.length > maxLineCharacters ? `${line.slice(0, maxLineCharacters)} …` : line;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
