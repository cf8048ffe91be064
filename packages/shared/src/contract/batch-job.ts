import { z } from "zod";
import { batchIdSchema, chunkIdSchema, rangeIdSchema, runIdSchema } from "./ids.js";

/** What travels through Redis: a reference to a slice of a manifest chunk, never the images themselves. */
export const batchJobSchema = z.object({
  schemaVersion: z.literal(1),
  /** The run's URI, `<out>/<runId>/`. */
  run: z.string(),
  runId: runIdSchema,
  range: rangeIdSchema,
  chunk: chunkIdSchema,
  batchId: batchIdSchema,
  pass: z.int().min(0),
  /** Per model the etag of the shard to rewrite (by If-Match); null for a first pass. */
  rewrite: z.record(z.string(), z.string()).nullable(),
  /** Which failed records a rewrite does again: those with this code; null for those that may succeed later. */
  retryCode: z.string().nullable().default(null),
  /** Whether the shards named in `rewrite` are damaged: they are made anew as a whole, and those that are missing too. */
  mend: z.boolean().default(false),
});
export type BatchJob = z.infer<typeof batchJobSchema>;

export function jobIdOf(job: Pick<BatchJob, "runId" | "batchId" | "pass">): string {
  return `${job.runId}.${job.batchId}.${job.pass}`;
}
