import { LabelfleetError } from "@labelfleet/shared/errors";
import { z } from "zod";
import { checkNormalisation } from "../card-rules.js";
import { splitTag } from "../efficientnet/architecture-names.js";
import type { ModelArgs } from "../efficientnet/model-args.js";
import { variantOf } from "../efficientnet/variants.js";
import type { Label } from "../labels.js";
import { type ModelCard, maxClasses, maxInputPx } from "../model-card.js";
import { readModelArgs } from "./timm-model-args.js";

const side = z.int().min(1).max(maxInputPx);
const inputSize = z.tuple([z.literal(3, "expected three channels"), side, side]);
const rgb = z.tuple([z.number(), z.number(), z.number()]);
const positive = z.number().positive();
const cropPct = z.number().gt(0).max(1, "a crop larger than the image is not supported");
const classes = z.int().min(1).max(maxClasses);

/** As much of timm's `pretrained_cfg` as decides what the network sees and says. */
const pretrainedSchema = z.object({
  input_size: inputSize,
  test_input_size: inputSize.nullish(),
  crop_pct: cropPct,
  test_crop_pct: cropPct.nullish(),
  crop_mode: z.string().nullish(),
  interpolation: z.string(),
  mean: rgb,
  std: z.tuple([positive, positive, positive]),
  num_classes: classes.nullish(),
  license: z.string().nullish(),
  label_names: z.array(z.string()).nullish(),
  /** What label_names was called until 2022. */
  labels: z.array(z.string()).nullish(),
  label_descriptions: z.union([z.array(z.string()), z.record(z.string(), z.string())]).nullish(),
});

/** Fields of which only one value is understood, because another would change what is read or computed. */
const onlyValues: Readonly<Record<string, unknown>> = {
  first_conv: "conv_stem",
  classifier: "classifier",
  label_offset: 0,
};

const configSchema = pretrainedSchema.partial().extend({
  architecture: z.string(),
  model_args: z.record(z.string(), z.unknown()).nullish(),
  global_pool: z.string().nullish(),
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
  refuseTransformers(document, invalid);
  const check = <T>(schema: z.ZodType<T>, value: unknown): T => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw invalid(`not a configuration of timm: ${issue?.path.join(".") || "the document"}: ${issue?.message}`);
  };
  const config = check(configSchema, document);
  const pretrained = check(pretrainedSchema, { ...config, ...config.pretrained_cfg });
  const { architecture } = splitTag(config.architecture);
  const modelArgs = readModelArgs(config.model_args ?? {}, invalid);
  checkNetwork(config, architecture, modelArgs, invalid);
  for (const [field, only] of Object.entries(onlyValues)) {
    const value = config.pretrained_cfg?.[field] ?? only;
    if (value !== only)
      throw invalid(`${field} ${JSON.stringify(value)} is not supported, only ${JSON.stringify(only)}`);
  }

  const [, heightPx, inputPx] = pretrained.test_input_size ?? pretrained.input_size;
  if (heightPx !== inputPx) throw invalid(`an input of ${heightPx} x ${inputPx} is not square`);
  const { interpolation, mean, std } = pretrained;
  if (interpolation !== "bicubic" && interpolation !== "bilinear") {
    throw invalid(`interpolation "${interpolation}" is neither bicubic nor bilinear`);
  }
  const cropMode = pretrained.crop_mode ?? "center";
  if (cropMode !== "center" && cropMode !== "squash") throw invalid(`crop_mode "${cropMode}" is not supported`);
  checkNormalisation(pretrained, source);
  const isTestSize = pretrained.test_input_size != null;
  const names = config.label_names ?? pretrained.label_names ?? pretrained.labels ?? null;
  const numClasses = numClassesOf(config, pretrained.num_classes ?? names?.length ?? 1000, invalid);
  return {
    card: {
      schemaVersion: 1,
      ...{ architecture, inputPx, interpolation, mean, std, numClasses },
      ...(Object.keys(modelArgs).length > 0 && { modelArgs }),
      cropPct: (isTestSize ? pretrained.test_crop_pct : null) ?? pretrained.crop_pct,
      ...(cropMode === "center" ? {} : { cropMode }),
      // timm trains a single output with binary cross-entropy; a softmax over it would always say 1.
      activation: numClasses === 1 ? "sigmoid" : "softmax",
      license: pretrained.license ?? "not stated",
    },
    labels: names && labelsOf(names, config.label_descriptions ?? pretrained.label_descriptions ?? null),
  };
}

/** The other kind of config.json on the hub: transformers' own EfficientNet, whose tensors have other names. */
function refuseTransformers(document: unknown, invalid: Invalid): void {
  const found = z.object({ model_type: z.string(), architecture: z.undefined().optional() }).safeParse(document);
  if (!found.success) return;
  throw invalid(
    `a configuration of transformers (model_type "${found.data.model_type.slice(0, 40)}"), whose weights have other names; labelfleet reads timm's, such as hf:timm/tf_efficientnet_b0.aa_in1k`,
  );
}

type Config = z.infer<typeof configSchema>;
type Invalid = (what: string) => LabelfleetError;

/** What the configuration says of the network beside its name has to be true of the one that is built. */
function checkNetwork(config: Config, architecture: string, modelArgs: ModelArgs, invalid: Invalid): void {
  const variant = variantOf(architecture, modelArgs);
  const pooling = config.global_pool;
  if (pooling != null && pooling !== variant.pooling) {
    throw invalid(
      `global_pool "${pooling}" is stated without model_args.global_pool, so timm itself would not honour it`,
    );
  }
}

function numClassesOf(config: Config, otherwise: number, invalid: Invalid): number {
  const given = classes.nullish().safeParse(config.model_args?.num_classes);
  if (!given.success) throw invalid(`model_args.num_classes is no number of classes up to ${maxClasses}`);
  const asArgument = given.data;
  const stated = config.num_classes ?? asArgument ?? otherwise;
  if (asArgument != null && asArgument !== stated) {
    throw invalid(`model_args.num_classes ${asArgument} contradicts num_classes ${stated}`);
  }
  return stated;
}

function labelsOf(names: readonly string[], descriptions: readonly string[] | Record<string, string> | null): Label[] {
  return names.map((name, index) => {
    const described = Array.isArray(descriptions) ? descriptions[index] : ownValue(descriptions, name);
    const label = described ?? name;
    return /^n\d{8}$/.test(name) ? { label, wnid: name } : { label };
  });
}

function ownValue(record: object | null, name: string): string | undefined {
  return record !== null && Object.hasOwn(record, name) ? (record as Record<string, string>)[name] : undefined;
}
