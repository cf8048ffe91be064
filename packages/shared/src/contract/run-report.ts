import { z } from "zod";
import { countsByNameSchema } from "./counts-by-name.js";
import { runIdSchema } from "./ids.js";
import { skippedSchema } from "./skipped.js";
import { workerStages } from "./stats.js";

export const modelReportSchema = z.object({
  id: z.string(),
  ok: z.int().min(0),
  failed: z.int().min(0),
  failedByCode: countsByNameSchema,
});

/** How much of manifest and predictions lies in a run's folder. */
export const storedSizesSchema = z.object({
  chunks: z.int().min(0),
  chunkBytes: z.int().min(0),
  shards: z.int().min(0),
  shardBytes: z.int().min(0),
});
export type StoredSizes = z.infer<typeof storedSizesSchema>;

/** report.json. Counts come from the run's folder alone; times come from stats/. */
export const runReportSchema = z.object({
  schemaVersion: z.literal(1),
  run: z.string(),
  runId: runIdSchema,
  complete: z.boolean(),
  /** Objects, not records: an image is ok when every model is, failed when any is. */
  images: z.int().min(0),
  ok: z.int().min(0),
  failed: z.int().min(0),
  failedByCode: countsByNameSchema,
  skipped: skippedSchema,
  models: z.array(modelReportSchema),
  wallSeconds: z.number().min(0),
  imagesPerSecond: z.number().min(0),
  /** The rate between the 10th and the 90th percentile of completions; null when those are under 10 s apart. */
  steadyImagesPerSecond: z.number().nullable(),
  timeToFirstPredictionSeconds: z.number().nullable(),
  /** Images whose records were taken from the run that `--since` names; they are left out of the rates. */
  carriedOver: z.int().min(0).default(0),
  bytesRead: z.int().min(0),
  meanInferenceBatch: z.number().nullable(),
  queueWaitSeconds: z.object({ mean: z.number(), max: z.number() }).nullable(),
  stages: z.array(
    z.object({
      stage: z.enum(workerStages),
      count: z.int().min(0),
      busySeconds: z.number().min(0),
      /** Busy seconds over the seconds that all slots had. */
      utilisation: z.number().min(0),
      /** Part of the busy seconds of all stages. */
      share: z.number().min(0).max(1),
    }),
  ),
  bottleneck: z.string(),
  workers: z.array(
    z.object({
      workerId: z.string(),
      host: z.string(),
      device: z.string(),
      images: z.int().min(0),
      imagesPerSecond: z.number().min(0),
      eventLoopDelayMsP99: z.number(),
      peakRssBytes: z.int().min(0),
    }),
  ),
  /** What lay in the folder when the report was written, so that a loss is seen by a listing; reports of earlier versions lack it. */
  stored: storedSizesSchema.optional(),
  created: z.iso.datetime(),
  finished: z.iso.datetime(),
});
export type RunReport = z.infer<typeof runReportSchema>;
