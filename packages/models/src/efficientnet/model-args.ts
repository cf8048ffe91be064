import { z } from "zod";
import type { Variant } from "./variants.js";

/**
 * Arguments that timm builds a network with, under timm's names: what config.json's `model_args` and the card's `modelArgs` may
 * say. Every other argument is refused, since it may change what the network computes.
 */
export const modelArgsSchema = z.strictObject({
  /** The activation between layers. */
  act_layer: z.enum(["relu", "relu6", "silu", "swish"]).optional(),
  /** "same" is TensorFlow's padding, "" PyTorch's. */
  pad_type: z.enum(["same", ""]).optional(),
  bn_eps: z.number().positive().max(1).optional(),
  global_pool: z.enum(["avg", "max", "avgmax"]).optional(),
});

export type ModelArgs = z.infer<typeof modelArgsSchema>;

const activations = { relu: "relu", relu6: "relu6", silu: "swish", swish: "swish" } as const;

export function withModelArgs(variant: Variant, { act_layer, pad_type, bn_eps, global_pool }: ModelArgs): Variant {
  return {
    ...variant,
    ...(act_layer !== undefined && { activation: activations[act_layer] }),
    ...(pad_type !== undefined && { padding: pad_type === "same" ? "same" : "symmetric" }),
    ...(bn_eps !== undefined && { batchNormEpsilon: bn_eps }),
    ...(global_pool !== undefined && { pooling: global_pool }),
  };
}
