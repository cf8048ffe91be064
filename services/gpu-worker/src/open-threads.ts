import { totalmem } from "node:os";
import type { Releasers } from "@labelfleet/shared/releasers";
import { BatchSizes } from "./batch/batch-sizes.js";
import { SizeNotes } from "./batch/size-notes.js";
import { scheduleAsBatch } from "./batch-scheduling.js";
import type { ThreadPlan } from "./cores.js";
import { decodeBounds } from "./decode/decode-memory.js";
import { LoaderPool } from "./fetch/loader-pool.js";
import { DeviceFacts } from "./infer/device-memory.js";
import { InferPool } from "./infer/infer-pool.js";
import { collectLate } from "./late-collection.js";
import type { WorkerOptions } from "./worker.js";

interface ThreadEnds {
  releasers: Releasers;
  /** A thread ended by itself. */
  onDied(error: Error): void;
  /** Told at the end whether the threads could be ended. */
  noteStuck(hasEnded: boolean): void;
}

/** Starts a worker's infer and loader threads, which load their libraries meanwhile; `releasers` get what ends them. */
export function openThreads(
  options: WorkerOptions,
  plan: ThreadPlan,
  { releasers, onDied, noteStuck }: ThreadEnds,
): { sizes: BatchSizes; infer: InferPool; loaders: LoaderPool } {
  collectLate();
  scheduleAsBatch();
  const simulated = options.simulated ?? null;
  const facts = new DeviceFacts({ simulated, cores: options.cores, givenMib: options.deviceMemoryMib });
  const sizes = new BatchSizes({
    pinned: { maxBatchSize: options.maxBatchSize, maxWaitMs: options.maxWaitMs },
    notes: new SizeNotes(options.cacheDir),
    nameOf: (device) => facts.name(device),
    say: (line) => options.logger.warn(line),
  });
  const infer = new InferPool({
    threads: plan.inferThreads,
    device: options.device,
    simulated,
    timeoutMs: options.inferTimeoutMs,
    memoryBytesOf: (device) => facts.memoryBytes(device),
    onCap: (modelKey, images) => sizes.setCap(modelKey, images),
    onDied,
  });
  releasers.push("infer threads", async () => noteStuck(await infer.close()));
  const bounds = decodeBounds({
    inFlightBytes: options.maxBytesInFlight,
    constrainedBytes: process.constrainedMemory(),
    totalBytes: totalmem(),
  });
  const loaders = new LoaderPool({
    threads: plan.loaderThreads,
    perThread: {
      fetchSlots: plan.fetchSlotsPerLoader,
      decodeSlots: Math.ceil(plan.decodeSlots / plan.loaderThreads),
      maxDecodeBytes: bounds.aloneBytes,
      ...(options.loaderS3 && { s3: options.loaderS3 }),
    },
    maxDecodeBytesAtOnce: bounds.atOnceBytes,
    ...(options.decodeEntries && { entries: options.decodeEntries }),
    onDied,
  });
  releasers.push("loader threads", async () => noteStuck(await loaders.close()));
  return { sizes, infer, loaders };
}
