import { z } from "zod";
import {
  batchIdSchema,
  chunkIdSchema,
  maxUriCharacters,
  modelIdSchema,
  partsOfBatchId,
  rangeIdSchema,
  runIdSchema,
} from "./ids.js";

/** Of a job as JSON: a job names little but its run, and the shards that it rewrites. */
export const maxJobCharacters = 256 * 1024;
const maxEtagCharacters = 1_024;

/** What travels through Redis: a reference to a slice of a manifest chunk, never the images themselves. */
export const batchJobSchema = z
  .object({
    schemaVersion: z.literal(1),
    /** The run's URI, `<out>/<runId>/`. */
    run: z.string().max(maxUriCharacters),
    runId: runIdSchema,
    range: rangeIdSchema,
    chunk: chunkIdSchema,
    batchId: batchIdSchema,
    pass: z.int().min(0),
    /** Per model the etag of the shard to rewrite (by If-Match); null for a first pass. */
    rewrite: z.record(modelIdSchema, z.string().max(maxEtagCharacters)).nullable(),
    /** Which failed records a rewrite does again: those with this code; null for those that may succeed later. */
    retryCode: z
      .string()
      .regex(/^[A-Z_]{1,64}$/)
      .nullable()
      .default(null),
    /** Whether the shards named in `rewrite` are damaged: they are made anew as a whole, and those that are missing too. */
    mend: z.boolean().default(false),
  })
  .refine(({ batchId, chunk, range }) => {
    const parts = partsOfBatchId(batchId);
    return parts.chunkId === chunk && parts.rangeId === range;
  }, "the batch is not one of its chunk and range");
export type BatchJob = z.infer<typeof batchJobSchema>;

export function jobIdOf(job: Pick<BatchJob, "runId" | "batchId" | "pass">): string {
  return `${job.runId}.${job.batchId}.${job.pass}`;
}

/** The run that a job of this id belongs to, told without reading the job. */
export function runIdInJobId(jobId: string): string {
  return jobId.slice(0, jobId.indexOf("."));
}
