import { LabelfleetError } from "@labelfleet/shared/errors";
import { z } from "zod";
import { variantOf } from "../efficientnet/variants.js";
import type { Label } from "../labels.js";
import type { ModelCard } from "../model-card.js";

const side = z.int().min(1);
const inputSize = z.tuple([z.literal(3, "expected three channels"), side, side]);
const rgb = z.tuple([z.number(), z.number(), z.number()]);

/** As much of timm's `pretrained_cfg` as decides what the network sees and says. */
const pretrainedSchema = z.object({
  input_size: inputSize,
  test_input_size: inputSize.nullish(),
  crop_pct: z.number(),
  test_crop_pct: z.number().nullish(),
  crop_mode: z.string().nullish(),
  interpolation: z.string(),
  mean: rgb,
  std: rgb,
  num_classes: z.int().min(1).nullish(),
  license: z.string().nullish(),
  label_names: z.array(z.string()).nullish(),
  label_descriptions: z.union([z.array(z.string()), z.record(z.string(), z.string())]).nullish(),
});

const configSchema = pretrainedSchema.partial().extend({
  architecture: z.string(),
  model_args: z.object({ in_chans: z.int().optional() }).nullish(),
  /** Configurations of 2022 and before have these fields at the top. */
  pretrained_cfg: z.record(z.string(), z.unknown()).nullish(),
});

export interface TimmModel {
  readonly card: Omit<ModelCard, "id" | "weights" | "source">;
  /** null where the configuration names no classes. */
  readonly labels: readonly Label[] | null;
}

/**
 * A repository's config.json, as timm's `push_to_hf_hub` writes it, as card and labels. Where the weights were evaluated at
 * a larger size than they were trained at (`test_input_size`), that one counts, with its crop: the published accuracies
 * are those.
 *
 * @throws LabelfleetError MODEL_INVALID naming the field that is missing or not supported
 */
export function parseTimmConfig(json: string, source: string): TimmModel {
  const invalid = (what: string) => new LabelfleetError("MODEL_INVALID", `${source}: ${what}`);
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    throw invalid("not JSON");
  }
  const check = <T>(schema: z.ZodType<T>, value: unknown): T => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw invalid(`not a configuration of timm: ${issue?.path.join(".") || "the document"}: ${issue?.message}`);
  };
  const config = check(configSchema, document);
  const pretrained = check(pretrainedSchema, { ...config, ...config.pretrained_cfg });
  const { architecture } = config;
  variantOf(architecture);
  if ((config.model_args?.in_chans ?? 3) !== 3) throw invalid("model_args.in_chans: only three channels are supported");

  const [, heightPx, inputPx] = pretrained.test_input_size ?? pretrained.input_size;
  if (heightPx !== inputPx) throw invalid(`an input of ${heightPx} x ${inputPx} is not square`);
  const { interpolation, mean, std } = pretrained;
  if (interpolation !== "bicubic" && interpolation !== "bilinear") {
    throw invalid(`interpolation "${interpolation}" is neither bicubic nor bilinear`);
  }
  const cropMode = pretrained.crop_mode ?? "center";
  if (cropMode !== "center" && cropMode !== "squash") throw invalid(`crop_mode "${cropMode}" is not supported`);
  const isTestSize = pretrained.test_input_size != null;
  const names = config.label_names ?? pretrained.label_names ?? null;
  const numClasses = config.num_classes ?? pretrained.num_classes ?? names?.length ?? 1000;
  return {
    card: {
      schemaVersion: 1,
      ...{ architecture, inputPx, interpolation, mean, std, numClasses },
      cropPct: (isTestSize ? pretrained.test_crop_pct : null) ?? pretrained.crop_pct,
      ...(cropMode === "center" ? {} : { cropMode }),
      activation: "softmax",
      license: pretrained.license ?? "not stated",
    },
    labels: names && labelsOf(names, config.label_descriptions ?? pretrained.label_descriptions ?? null),
  };
}

function labelsOf(names: readonly string[], descriptions: readonly string[] | Record<string, string> | null): Label[] {
  return names.map((name, index) => {
    const described = Array.isArray(descriptions)
      ? descriptions[index]
      : (descriptions as Record<string, string> | null)?.[name];
    const label = described ?? name;
    return /^n\d{8}$/.test(name) ? { label, wnid: name } : { label };
  });
}
