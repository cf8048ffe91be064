import { z } from "zod";
import { modelIdSchema, runIdSchema, sha256Schema } from "./ids.js";

export const laneNameSchema = z
  .string()
  .regex(/^[a-z0-9-]+$/)
  .max(63);
export const defaultLane = "default";

export const outputFormats = ["jsonl", "parquet"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** What `--device` may say. */
export const deviceChoices = ["auto", "cpu", "cuda"] as const;
export type DeviceChoice = (typeof deviceChoices)[number];

/** A bound on failed images: a count, or a share of the images done so far (0.1 = 10 %). */
export const maxFailedSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("count"), count: z.int().min(0) }),
  z.object({ kind: z.literal("share"), share: z.number().min(0).max(1) }),
]);
export type MaxFailed = z.infer<typeof maxFailedSchema>;

export const imageLimitsSchema = z.object({
  /** Pixels of the encoded image, width times height. */
  maxPixels: z.int().min(1),
  maxObjectBytes: z.int().min(1),
  decodeTimeoutMs: z.int().min(1),
});
export type ImageLimits = z.infer<typeof imageLimitsSchema>;

export const defaultImageLimits: ImageLimits = {
  maxPixels: 100_000_000,
  maxObjectBytes: 128 * 1024 * 1024,
  decodeTimeoutMs: 30_000,
};

/** Of weights and arithmetic; images and predictions are the same type either way. */
export const precisions = ["fp32", "fp16", "int8"] as const;
export type Precision = (typeof precisions)[number];

export const modelRefSchema = z.object({
  id: modelIdSchema,
  /** Identity of card, weights and labels together: the name of the folder `<out>/models/<sha256>/`. */
  sha256: sha256Schema,
  weightsSha256: sha256Schema,
  precision: z.enum(precisions),
});
export type ModelRef = z.infer<typeof modelRefSchema>;

export const backgroundSchema = z.string().regex(/^#[0-9a-f]{6}$/);

/** Everything that decides what a record says; it never changes after run.json is written. */
const frozenSchema = z.object({
  input: z.string(),
  /** Where `models/<sha256>/` lies: the output that the run was made under. */
  output: z.string(),
  filters: z.object({
    include: z.array(z.string()),
    exclude: z.array(z.string()),
    limit: z.int().min(1).nullable(),
    sample: z.object({ size: z.int().min(1), seed: z.int().min(0) }).nullable(),
    /** Whether folders, files and names that cannot be read end the listing instead of being counted. */
    failOnUnreadable: z.boolean().optional(),
  }),
  models: z.array(modelRefSchema).min(1),
  /** The earlier run whose records are carried over where an object has not changed. */
  since: z.string().nullable().default(null),
  topK: z.int().min(1).max(1000),
  /** Of models whose classes do not exclude each other: the least probability that `top` keeps. */
  threshold: z.number().min(0).max(1).nullable().default(null),
  /**
   * `#rrggbb` that transparent pixels are put on; null: they are seen in the colours that they have. Runs of before this field put
   * them on black, and go on so.
   */
  background: backgroundSchema.nullable().default("#000000"),
  /** Whether records carry the pooled features before the classifier. */
  embeddings: z.boolean().default(false),
  /** Whether objects of equal ETag and size share labels (`--merge-equal-objects`); absent: no. */
  mergeEqualObjects: z.boolean().optional(),
  format: z.enum(outputFormats),
  batchImages: z.int().min(1).max(10_240),
  device: z.enum(deviceChoices),
  /** Whether the output store proved to honour conditional writes; false weakens "exactly once" (docs/output.md). */
  conditionalPut: z.boolean(),
  created: z.iso.datetime(),
  version: z.string(),
});

const overridableSchema = z.object({
  lane: laneNameSchema,
  maxFailed: maxFailedSchema,
  limits: imageLimitsSchema,
});

/** run.json */
export const runSpecSchema = z.object({
  schemaVersion: z.literal(1),
  runId: runIdSchema,
  frozen: frozenSchema,
  overridable: overridableSchema,
});
export type RunSpec = z.infer<typeof runSpecSchema>;
