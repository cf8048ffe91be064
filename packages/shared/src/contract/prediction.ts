import { z } from "zod";
import { modelIdSchema } from "./ids.js";

export const topEntrySchema = z.object({ index: z.int().min(0), label: z.string(), probability: z.number() });
export type TopEntry = z.infer<typeof topEntrySchema>;

/**
 * One record per image and model. Every field is always there with one type, null where it does not apply, so that
 * readers which guess a schema from one shard cannot guess a wrong one. docs/output.md describes the fields.
 */
export const predictionSchema = z.object({
  key: z.string().min(1),
  etag: z.string(),
  sizeBytes: z.int().min(0),
  /** Pixels of the decoded image, after EXIF orientation; null where it was not decoded. */
  width: z.int().nullable(),
  height: z.int().nullable(),
  modelId: modelIdSchema,
  status: z.enum(["ok", "failed"]),
  /** Most probable first; null for a failed image. */
  top: z.array(topEntrySchema).nullable(),
  /** The pooled features before the classifier; null without `--embeddings` and for a failed image. */
  embedding: z.array(z.number()).nullable(),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  /** Whether `retry` may succeed; null for an image that is ok. */
  retryable: z.boolean().nullable(),
  workerId: z.string(),
  pass: z.int().min(0),
});
export type Prediction = z.infer<typeof predictionSchema>;

/** Whether `retry` does a record again: a failed one with the code that was named, else one that may succeed later. */
export function isToRetry(
  record: Pick<Prediction, "status" | "errorCode" | "retryable">,
  code: string | null,
): boolean {
  if (record.status !== "failed") return false;
  return code === null ? record.retryable === true : record.errorCode === code;
}
