import { type MetricDefinitions, type Readings, single } from "@labelfleet/shared/metrics/metric";
import { serveProcess } from "@labelfleet/shared/metrics/process-server";
import type { MetricsAddress } from "@labelfleet/shared/metrics/serve";
import { openQueue } from "@labelfleet/shared/queue/batch-queue";
import { readLane } from "@labelfleet/shared/queue/lane-state";
import { isServing, type Redis } from "@labelfleet/shared/redis/connection";
import { within } from "@labelfleet/shared/shutdown";
import type { ProduceProgress } from "./produce.js";
import { RecentRate } from "./recent-rate.js";

export const producerDefinitions = {
  labelfleet_producer_info: {
    type: "gauge",
    help: "Always 1: the run that this producer feeds.",
    labels: ["run", "lane"],
  },
  labelfleet_listed_images: { type: "gauge", help: "Images of the run that were listed so far.", labels: [] },
  labelfleet_listing_complete: { type: "gauge", help: "Whether all are listed: 1 or 0.", labels: [] },
  labelfleet_done_images: { type: "gauge", help: "Images of the run that every model has seen.", labels: ["status"] },
  labelfleet_fed_images: { type: "gauge", help: "Images in the queue or with a worker.", labels: [] },
  labelfleet_fed_batches: { type: "gauge", help: "Batches in the queue or with a worker.", labels: [] },
  labelfleet_window_batches: { type: "gauge", help: "How many batches the producer keeps there at most.", labels: [] },
  labelfleet_backlog_images: { type: "gauge", help: "Images that are listed and not done.", labels: [] },
  labelfleet_backlog_seconds: {
    type: "gauge",
    help: "How long those will take at the rate of the last half minute; absent while there is none.",
    labels: [],
  },
  labelfleet_oldest_job_seconds: {
    type: "gauge",
    help: "Age of the oldest of the lane's batches that come next; absent when none waits.",
    labels: [],
  },
} as const satisfies MetricDefinitions;

/** A bound for one look at the queue: Redis may be gone. */
const lookMs = 2_000;

/** The metrics of a producer: of its run, as far as it told its progress, and of its lane. */
export class ProducerMetrics {
  readonly #run: { runId: string; lane: string };
  readonly #rate = new RecentRate();
  #progress: ProduceProgress | null = null;
  #imagesPerSecond: number | null = null;

  constructor(run: { runId: string; lane: string }) {
    this.#run = run;
  }

  /** Whether the producer is at work. */
  get isAtWork(): boolean {
    return this.#progress !== null;
  }

  show(progress: ProduceProgress): void {
    this.#progress = progress;
    this.#imagesPerSecond = this.#rate.add(progress.elapsedSeconds, progress.done);
  }

  read(oldestJobSeconds: number | null): Readings<typeof producerDefinitions> {
    const info = [{ labels: { run: this.#run.runId, lane: this.#run.lane }, value: 1 }];
    if (this.#progress === null) return { labelfleet_producer_info: info };
    const { listed, listingComplete, done, ok, failed, fed } = this.#progress;
    const backlog = Math.max(0, listed - done);
    return {
      labelfleet_producer_info: info,
      labelfleet_listed_images: single(listed),
      labelfleet_listing_complete: single(listingComplete ? 1 : 0),
      labelfleet_done_images: [
        { labels: { status: "ok" }, value: ok },
        { labels: { status: "failed" }, value: failed },
      ],
      labelfleet_fed_images: single(fed?.images ?? null),
      labelfleet_fed_batches: single(fed?.batches ?? null),
      labelfleet_window_batches: single(fed?.windowBatches ?? null),
      labelfleet_backlog_images: single(backlog),
      labelfleet_backlog_seconds: single(backlogSeconds(backlog, this.#imagesPerSecond)),
      labelfleet_oldest_job_seconds: single(oldestJobSeconds),
    };
  }
}

function backlogSeconds(images: number, imagesPerSecond: number | null): number | null {
  if (images === 0) return 0;
  return imagesPerSecond === null || imagesPerSecond === 0 ? null : images / imagesPerSecond;
}

/**
 * Serves a producer's metrics. `show` is for its progress.
 *
 * @throws USAGE when the address is taken or none of ours
 */
export async function serveProducerMetrics(
  address: MetricsAddress,
  { redis, redisUrl, ...run }: { redis: Redis; redisUrl: string; runId: string; lane: string },
): Promise<{ url: string; show(progress: ProduceProgress): void; close(): Promise<void> }> {
  const metrics = new ProducerMetrics(run);
  const queue = openQueue(redisUrl, run.lane);
  const oldestSeconds = async () => {
    const lane = await within(lookMs, readLane(redis, queue)).catch(() => undefined);
    const sinceMs = lane?.oldestWaitingMs ?? null;
    return sinceMs === null ? null : Math.max(0, Date.now() - sinceMs) / 1_000;
  };
  try {
    const server = await serveProcess(address, {
      role: "producer",
      definitions: producerDefinitions,
      isReady: () => metrics.isAtWork && isServing(redis),
      read: async () => metrics.read(await oldestSeconds()),
    });
    return {
      url: server.url,
      show: (progress) => metrics.show(progress),
      async close() {
        await server.close();
        await within(lookMs, queue.close());
      },
    };
  } catch (error) {
    await within(lookMs, queue.close());
    throw error;
  }
}
