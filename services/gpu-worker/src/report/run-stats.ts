import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { WorkerStage, WorkerStats } from "@labelfleet/shared/contract/stats";
import { CompletionCounter } from "./completions.js";
import type { WorkTotals } from "./work-totals.js";

/** What is the same for all runs of a worker. */
export interface WorkerIdentity {
  workerId: string;
  host: string;
  versions: Record<string, string>;
}

interface StageTotals {
  count: number;
  busyMs: number;
}

/** What one worker did for one run, cumulative: the stage clock and its neighbours. */
export class RunStats {
  readonly #identity: WorkerIdentity;
  readonly #runId: string;
  readonly #startedMs = Date.now();
  readonly #completions = new CompletionCounter(this.#startedMs);
  readonly #stages: Record<WorkerStage, StageTotals> = {
    fetch: { count: 0, busyMs: 0 },
    decode: { count: 0, busyMs: 0 },
    infer: { count: 0, busyMs: 0 },
    write: { count: 0, busyMs: 0 },
  };
  #revision = 0;
  #images = 0;
  #bytesRead = 0;
  #inferenceBatches = 0;
  readonly #batchSizes = new Map<number, number>();
  #firstPredictionMs: number | null = null;
  readonly #records = new Map<string, { ok: number; failed: number }>();
  readonly #failures = new Map<string, number>();
  #carriedOver = 0;
  #shardConflicts = 0;
  readonly #queueWait = { jobs: 0, seconds: 0, maxSeconds: 0 };

  constructor(identity: WorkerIdentity, runId: string) {
    this.#identity = identity;
    this.#runId = runId;
  }

  /** Changes with whatever is counted. */
  get revision(): number {
    return this.#revision;
  }

  get images(): number {
    return this.#images;
  }

  /** Milliseconds in which each stage worked so far, summed over its slots. */
  busyMs(): Record<WorkerStage, number> {
    const { fetch, decode, infer, write } = this.#stages;
    return { fetch: fetch.busyMs, decode: decode.busyMs, infer: infer.busyMs, write: write.busyMs };
  }

  stage(stage: WorkerStage, busyMs: number, count = 1): void {
    this.#revision += 1;
    this.#stages[stage].count += count;
    this.#stages[stage].busyMs += busyMs;
  }

  bytesRead(bytes: number): void {
    this.#bytesRead += bytes;
  }

  inferred(busyMs: number, batchShare: number): void {
    this.stage("infer", busyMs);
    this.#inferenceBatches += batchShare;
    const size = Math.round(1 / batchShare);
    this.#batchSizes.set(size, (this.#batchSizes.get(size) ?? 0) + batchShare);
    this.#firstPredictionMs ??= Date.now();
  }

  imageDone(): void {
    this.#revision += 1;
    this.#images += 1;
    this.#completions.add(1, Date.now());
  }

  jobTaken(waitedSeconds: number): void {
    this.#revision += 1;
    this.#queueWait.jobs += 1;
    this.#queueWait.seconds += waitedSeconds;
    this.#queueWait.maxSeconds = Math.max(this.#queueWait.maxSeconds, waitedSeconds);
  }

  carriedOver(images: number): void {
    this.#carriedOver += images;
  }

  shardConflict(): void {
    this.#shardConflicts += 1;
  }

  /** A shard of these records was written. */
  recorded(modelId: string, records: Pick<Prediction, "status" | "errorCode">[]): void {
    const counts = this.#records.get(modelId) ?? { ok: 0, failed: 0 };
    this.#records.set(modelId, counts);
    for (const { status, errorCode } of records) {
      counts[status] += 1;
      if (errorCode !== null) this.#failures.set(errorCode, (this.#failures.get(errorCode) ?? 0) + 1);
    }
  }

  /** What was counted so far. Not a copy: to be read at once. */
  totals(): WorkTotals {
    return {
      images: this.#images,
      stages: this.#stages,
      batchSizes: this.#batchSizes,
      records: this.#records,
      failures: this.#failures,
      bytesRead: this.#bytesRead,
      carriedOver: this.#carriedOver,
      shardConflicts: this.#shardConflicts,
      queueWait: this.#queueWait,
    };
  }

  snapshot(now: {
    device: string;
    slots: Record<WorkerStage, number>;
    eventLoopDelayMs: { p50: number; p99: number };
  }): WorkerStats {
    const stage = (name: WorkerStage) => ({
      count: this.#stages[name].count,
      busySeconds: round(this.#stages[name].busyMs / 1_000),
      slots: now.slots[name],
    });
    return {
      schemaVersion: 1,
      role: "worker",
      ...this.#identity,
      runId: this.#runId,
      device: now.device,
      startedMs: this.#startedMs,
      updatedMs: Date.now(),
      firstPredictionMs: this.#firstPredictionMs,
      images: this.#images,
      carriedOver: this.#carriedOver,
      bytesRead: this.#bytesRead,
      stages: { fetch: stage("fetch"), decode: stage("decode"), infer: stage("infer"), write: stage("write") },
      inferenceBatches: Math.round(this.#inferenceBatches),
      inferenceBatchSizes: Object.fromEntries(
        [...this.#batchSizes].map(([size, batches]) => [size, Math.round(batches)]),
      ),
      queueWait: { ...this.#queueWait },
      shardConflicts: this.#shardConflicts,
      completions: this.#completions.snapshot(),
      eventLoopDelayMs: now.eventLoopDelayMs,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    };
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
