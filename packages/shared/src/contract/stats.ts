import { z } from "zod";
import { runIdSchema } from "./ids.js";

/** The stages of a worker whose time is measured, in the order an image passes them. */
export const workerStages = ["fetch", "decode", "infer", "write"] as const;
export type WorkerStage = (typeof workerStages)[number];

export const stageTimeSchema = z.object({
  /** Images that left the stage (infer: image and model pairs; write: shards). */
  count: z.int().min(0),
  /** Seconds in which the stage worked, summed over its slots. */
  busySeconds: z.number().min(0),
  /** How many can work at once: threads, decode slots, fetches in flight. */
  slots: z.int().min(1),
});

/** Completed images counted in bins of equal width, the first starting at `startMs` (Unix time). */
export const completionsSchema = z.object({
  startMs: z.int(),
  binMs: z.int().min(1),
  counts: z.array(z.int().min(0)),
});
export type Completions = z.infer<typeof completionsSchema>;

/** stats/<workerId>.json: one worker incarnation within one run, cumulative. */
export const workerStatsSchema = z.object({
  schemaVersion: z.literal(1),
  role: z.literal("worker"),
  workerId: z.string(),
  runId: runIdSchema,
  host: z.string(),
  device: z.string(),
  versions: z.record(z.string(), z.string()),
  startedMs: z.int(),
  updatedMs: z.int(),
  firstPredictionMs: z.int().nullable(),
  /** Images that were labelled. */
  images: z.int().min(0),
  /** Images whose records were taken from the run that `--since` names. */
  carriedOver: z.int().min(0).default(0),
  bytesRead: z.int().min(0),
  stages: z.record(z.enum(workerStages), stageTimeSchema),
  inferenceBatches: z.int().min(0),
  /** How many of those had which size. */
  inferenceBatchSizes: z.record(z.string(), z.int().min(0)).default({}),
  queueWait: z.object({ jobs: z.int().min(0), seconds: z.number().min(0), maxSeconds: z.number().min(0) }),
  shardConflicts: z.int().min(0),
  completions: completionsSchema,
  eventLoopDelayMs: z.object({ p50: z.number(), p99: z.number() }),
  peakRssBytes: z.int().min(0),
});
export type WorkerStats = z.infer<typeof workerStatsSchema>;

/** stats/producer-<id>.json: when a producer was there, so that wall time leaves out the gaps between them. */
export const producerStatsSchema = z.object({
  schemaVersion: z.literal(1),
  role: z.literal("producer"),
  producerId: z.string(),
  runId: runIdSchema,
  startedMs: z.int(),
  updatedMs: z.int(),
});
export type ProducerStats = z.infer<typeof producerStatsSchema>;

export const statsSchema = z.discriminatedUnion("role", [workerStatsSchema, producerStatsSchema]);
