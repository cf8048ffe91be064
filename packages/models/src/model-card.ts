import { z } from "zod";
import { modelArgsSchema } from "./efficientnet/model-args.js";

/** Model ids are folder names, queue-safe and Hive-safe; jobs and stats have fields by them. */
export const modelIdPattern = /^(?!__proto__$)[a-z0-9._-]+$/;

/** ImageNet-21k has 21,841; a list of labels is made and checked for each. */
export const maxClasses = 200_000;
/** The larger networks of the family take 800. */
export const maxInputPx = 2048;

/** model.json: everything that is known of a model besides its numbers. */
export const modelCardSchema = z.strictObject({
  schemaVersion: z.literal(1),
  id: z.string().regex(modelIdPattern),
  /** timm's architecture name; absent when the folder brings its own model.onnx. */
  architecture: z.string().optional(),
  /** What the network has otherwise than the architecture's table says, in timm's words. */
  modelArgs: modelArgsSchema.optional(),
  /** Side of the square network input, in pixels. Wins over the architecture's default. */
  inputPx: z.int().min(32).max(maxInputPx),
  /** The share of the resized short side that the centre crop keeps: short side = floor(inputPx / cropPct). */
  cropPct: z.number().gt(0).max(1),
  interpolation: z.enum(["bicubic", "bilinear"]),
  /** "center" (unless given): resize the short side, cut the middle; "squash": resize both sides, whatever the aspect. */
  cropMode: z.enum(["center", "squash"]).optional(),
  /** Per channel RGB, of pixels scaled to [0, 1]: the network sees (pixel / 255 - mean) / std. */
  mean: z.tuple([z.number(), z.number(), z.number()]),
  std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  activation: z.enum(["softmax", "sigmoid"]),
  numClasses: z.int().min(1).max(maxClasses),
  /** A file of the same folder: a card from elsewhere must not be able to name any other. */
  weights: z.strictObject({
    file: z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  /** Of a model.onnx of one's own: how it takes images. What is left out is read from the graph. */
  input: z
    .strictObject({
      /** [N, 3, px, px] or [N, px, px, 3]. */
      layout: z.enum(["nchw", "nhwc"]).optional(),
      /** uint8 gets the pixels as they are, whatever mean and std say. */
      type: z.enum(["float32", "float16", "uint8"]).optional(),
      /** The order of its channels, "rgb" unless given; mean and std stay in the order of RGB. */
      channels: z.enum(["rgb", "bgr"]).optional(),
    })
    .optional(),
  /** Of a model.onnx of one's own: what it gives. What is left out is read from the graph. */
  output: z
    .strictObject({
      /** The output [N, classes]; the first unless given. */
      name: z.string().optional(),
      /** Logits go through `activation`; probabilities stay as they are. */
      gives: z.enum(["logits", "probabilities"]).optional(),
      /** The output [N, features] that `--embeddings` writes. */
      embedding: z.string().optional(),
    })
    .optional(),
  /** Of a model.onnx of one's own: multiply-adds of an image, from which the size of batches is estimated. */
  multiplyAdds: z.number().positive().optional(),
  /** Of a graph that `models quantize` made: what it came from, and how often the two had the same top label. */
  quantized: z
    .strictObject({
      /** The float model's identity (`Model.sha256`). */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      calibrationImages: z.int().positive(),
      agreement: z.strictObject({ same: z.int().nonnegative(), of: z.int().positive() }),
    })
    .optional(),
  license: z.string(),
  source: z.string(),
});

export type ModelCard = z.infer<typeof modelCardSchema>;
