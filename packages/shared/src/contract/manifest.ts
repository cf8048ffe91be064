import { z } from "zod";
import { rangeIdSchema } from "./ids.js";
import { skippedSchema } from "./skipped.js";

/** At most this many entries a chunk; the real number is the largest multiple of batchImages that fits. */
export const maxChunkEntries = 10_240;

/** Ranges that are listed at a time, each with a page of the listing and the chunk that it fills in memory; cut as many, unless told. */
export const listingsAtOnce = 8;

/** Range and chunk ids have three and six digits. */
export const maxRanges = 1_000;
export const maxRangeChunks = 1_000_000;

/**
 * One line of a manifest chunk. `etag` is unquoted; for files it is `size-mtimeNs`. `lastModifiedMs` is left out for files, whose
 * etag has it, and where the store does not tell it.
 */
export const manifestEntrySchema = z.object({
  key: z.string().min(1),
  etag: z.string(),
  sizeBytes: z.int().min(0),
  lastModifiedMs: z.int().nullish(),
});
export type ManifestEntry = z.infer<typeof manifestEntrySchema>;

/** manifest/ranges.json: disjoint key ranges in ascending order; a null bound is open. */
export const rangesSchema = z.object({
  schemaVersion: z.literal(1),
  ranges: z
    .array(z.object({ id: rangeIdSchema, afterKey: z.string().nullable(), throughKey: z.string().nullable() }))
    .min(1)
    .max(maxRanges),
});
export type Ranges = z.infer<typeof rangesSchema>;

/**
 * manifest/<range>.skipped.json, rewritten while a range is listed: what was left out up to the end of its first `chunks`
 * chunks, so that a resumed listing ends with the counts of an undisturbed one.
 */
export const rangeSkippedSchema = z.object({
  schemaVersion: z.literal(1),
  chunks: z.int().min(1),
  skipped: skippedSchema,
});
export type RangeSkipped = z.infer<typeof rangeSkippedSchema>;

/** manifest/<range>.done: written when the listing of a range is complete. */
export const rangeDoneSchema = z.object({
  schemaVersion: z.literal(1),
  chunks: z.int().min(0).max(maxRangeChunks),
  images: z
    .int()
    .min(0)
    .max(maxRangeChunks * maxChunkEntries),
  skipped: skippedSchema,
});
export type RangeDone = z.infer<typeof rangeDoneSchema>;

/** Entries in a full chunk: whole batches only, so that a batch never crosses a chunk. */
export function chunkEntriesOf(batchImages: number): number {
  return Math.floor(maxChunkEntries / batchImages) * batchImages;
}
