import { z } from "zod";

/** Model ids are folder names, queue-safe and Hive-safe. */
export const modelIdPattern = /^[a-z0-9._-]+$/;

/** model.json: everything that is known of a model besides its numbers. */
export const modelCardSchema = z.strictObject({
  schemaVersion: z.literal(1),
  id: z.string().regex(modelIdPattern),
  /** timm's architecture name; absent when the folder brings its own model.onnx. */
  architecture: z.string().optional(),
  /** Side of the square network input, in pixels. Wins over the architecture's default. */
  inputPx: z.int().min(32).max(2048),
  /** The share of the resized short side that the centre crop keeps: short side = floor(inputPx / cropPct). */
  cropPct: z.number().gt(0).max(1),
  interpolation: z.enum(["bicubic", "bilinear"]),
  /** Per channel RGB, of pixels scaled to [0, 1]: the network sees (pixel / 255 - mean) / std. */
  mean: z.tuple([z.number(), z.number(), z.number()]),
  std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  activation: z.enum(["softmax", "sigmoid"]),
  numClasses: z.int().min(1),
  /** A file of the same folder: a card from elsewhere must not be able to name any other. */
  weights: z.strictObject({
    file: z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  license: z.string(),
  source: z.string(),
});

export type ModelCard = z.infer<typeof modelCardSchema>;
