import { type WorkerStage, workerStages } from "@labelfleet/shared/contract/stats";
import {
  byLabel,
  histogram,
  type MetricDefinitions,
  type Readings,
  single,
  totals,
} from "@labelfleet/shared/metrics/metric";
import { serveProcess } from "@labelfleet/shared/metrics/process-server";
import type { MetricsAddress } from "@labelfleet/shared/metrics/serve";
import type { WorkTotals } from "./work-totals.js";

/** Upper bounds of the histogram of batch sizes: powers of two, up to the largest that is searched for. */
const batchSizeBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export const workerDefinitions = {
  labelfleet_images_total: {
    type: "counter",
    help: "Records that this worker was the first to write: one for each image and model.",
    labels: ["model", "status"],
  },
  labelfleet_image_failures_total: {
    type: "counter",
    help: "The failed ones of those, by error code.",
    labels: ["code"],
  },
  labelfleet_carried_over_images_total: {
    type: "counter",
    help: "Images whose records were taken from the run that --since names.",
    labels: [],
  },
  labelfleet_read_bytes_total: { type: "counter", help: "Bytes of images that were read.", labels: [] },
  labelfleet_stage_seconds: {
    type: "summary",
    help: "Time in which each stage worked, summed over its slots; the count is of images (infer: images and models, write: shards).",
    labels: ["stage"],
  },
  labelfleet_stage_slots: { type: "gauge", help: "How many can work at once in each stage.", labels: ["stage"] },
  labelfleet_batch_size: { type: "histogram", help: "Images of an inference call.", labels: [] },
  labelfleet_inflight_images: { type: "gauge", help: "Images between fetch and inference.", labels: [] },
  labelfleet_inflight_images_limit: { type: "gauge", help: "How many may be.", labels: [] },
  labelfleet_inflight_bytes: { type: "gauge", help: "Memory of those, encoded and decoded together.", labels: [] },
  labelfleet_batches_in_hand: { type: "gauge", help: "Batches that the worker holds.", labels: [] },
  labelfleet_batch_slots: { type: "gauge", help: "Batches that it takes at once.", labels: [] },
  labelfleet_queue_wait_seconds: {
    type: "summary",
    help: "How long batches waited in the queue before this worker took them.",
    labels: [],
  },
  labelfleet_stalled_total: {
    type: "counter",
    help: "Batches of lost workers that this worker found and gave back to the queue.",
    labels: [],
  },
  labelfleet_retries_total: {
    type: "counter",
    help: "Attempts of batches that failed and will be repeated.",
    labels: [],
  },
  labelfleet_failed_batches_total: { type: "counter", help: "Batches that failed for good.", labels: [] },
  labelfleet_shard_conflicts_total: {
    type: "counter",
    help: "Shards that another worker had written first; this worker's were thrown away.",
    labels: [],
  },
  labelfleet_paused_runs: {
    type: "gauge",
    help: "Runs whose input cannot be read now, and which wait for it.",
    labels: [],
  },
} as const satisfies MetricDefinitions;

/** What a worker knows of itself without asking anybody. */
export interface WorkerReading {
  work: WorkTotals;
  slots: Record<WorkerStage, number>;
  inside: { images: number; bytes: number };
  maxImages: number;
  batchesInHand: number;
  batchSlots: number;
  pausedRuns: number;
  queue: { stalled: number; retries: number; failed: number };
}

export function workerReadings(reading: WorkerReading): Readings<typeof workerDefinitions> {
  const { work, slots, inside, queue } = reading;
  return {
    labelfleet_images_total: [...work.records].flatMap(([model, counts]) =>
      (["ok", "failed"] as const).map((status) => ({ labels: { model, status }, value: counts[status] })),
    ),
    labelfleet_image_failures_total: byLabel("code", work.failures),
    labelfleet_carried_over_images_total: single(work.carriedOver),
    labelfleet_read_bytes_total: single(work.bytesRead),
    labelfleet_stage_seconds: workerStages.flatMap((stage) =>
      totals(work.stages[stage].count, work.stages[stage].busyMs / 1_000, { stage }),
    ),
    labelfleet_stage_slots: byLabel(
      "stage",
      workerStages.map((stage) => [stage, slots[stage]]),
    ),
    // Each image counted its part of a call.
    labelfleet_batch_size: histogram(
      new Map([...work.batchSizes].map(([size, calls]) => [size, Math.round(calls)])),
      batchSizeBounds,
    ),
    labelfleet_inflight_images: single(inside.images),
    labelfleet_inflight_images_limit: single(reading.maxImages),
    labelfleet_inflight_bytes: single(inside.bytes),
    labelfleet_batches_in_hand: single(reading.batchesInHand),
    labelfleet_batch_slots: single(reading.batchSlots),
    labelfleet_queue_wait_seconds: totals(work.queueWait.jobs, work.queueWait.seconds),
    labelfleet_stalled_total: single(queue.stalled),
    labelfleet_retries_total: single(queue.retries),
    labelfleet_failed_batches_total: single(queue.failed),
    labelfleet_shard_conflicts_total: single(work.shardConflicts),
    labelfleet_paused_runs: single(reading.pausedRuns),
  };
}

/** @throws USAGE when the address is taken or none of ours */
export function serveWorkerMetrics(
  address: MetricsAddress,
  source: { isReady: () => boolean; read: () => WorkerReading },
): Promise<{ url: string; close(): Promise<void> }> {
  return serveProcess(address, {
    role: "worker",
    definitions: workerDefinitions,
    isReady: source.isReady,
    read: () => workerReadings(source.read()),
  });
}
