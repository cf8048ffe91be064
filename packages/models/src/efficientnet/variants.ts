import { LabelfleetError } from "@labelfleet/shared/errors";
import { architectureHint, splitTag } from "./architecture-names.js";
import { type ModelArgs, withModelArgs } from "./model-args.js";
import type { Stage } from "./stages.js";
import { variants } from "./variant-table.js";

export type Activation = "relu" | "relu6" | "swish";

/** How the last feature map becomes one number a channel; `avgmax` is half of each. */
export type Pooling = "avg" | "max" | "avgmax";

/** What the two lineages of weights disagree on: how convolutions pad, and what batch norm adds to the variance. */
export interface Convention {
  readonly padding: "symmetric" | "same";
  readonly batchNormEpsilon: number;
}

/** Everything that tells one member of the family from another. */
export interface Variant extends Convention {
  readonly stages: readonly Stage[];
  readonly stemChannels: number;
  readonly headChannels: number;
  readonly width: number;
  readonly depth: number;
  /** The resolution of the compound scaling; a model card may ask for another. */
  readonly inputPx: number;
  /** Training only: the share of the pooled features, and of the blocks (of the last; the first has none), dropped. */
  readonly dropout: number;
  readonly dropConnect: number;
  /** Of pixels scaled to [0, 1], in training; a model card may say another. */
  readonly normalisation: Normalisation;
  readonly activation: Activation;
  readonly pooling: Pooling;
  /** Whether MBConv blocks have squeeze-and-excitation; Fused-MBConv blocks have none. */
  readonly squeezes: boolean;
  /** Lite keeps stem, head and the depth of its first and last stage as they are, so that small stays small. */
  readonly scalesEnds: boolean;
  /** Rounding may not take away more than the rest of the channels; V2's B0 to B3 have no such rule. */
  readonly leastKeptShare: number;
}

export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export const architectureNames: readonly string[] = [...variants.keys()];

/**
 * The variant of that name, as the arguments change it. The name may have timm's tag of a training, which changes nothing of
 * the network. Throws MODEL_INVALID when there is none, with the nearest names where any is near.
 */
export function variantOf(architecture: string, modelArgs: ModelArgs = {}): Variant {
  const variant = variants.get(splitTag(architecture).architecture);
  if (variant) return withModelArgs(variant, modelArgs);
  const hint = architectureHint(architecture, architectureNames);
  throw new LabelfleetError("MODEL_INVALID", `unknown architecture "${architecture}"${hint}`);
}
