import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { canonicalJson } from "./canonical-json.js";
import { variantOf } from "./efficientnet/variants.js";
import { type Label, parseLabels } from "./labels.js";
import { type ModelCard, modelCardSchema } from "./model-card.js";
import { refuseOtherFormats } from "./weights/other-formats.js";

export const cardFile = "model.json";
export const labelsFile = "labels.json";

/** A card or a list of labels is text of some kilobytes; whatever is larger is not one. */
export const maxDocumentBytes = 16 * 1024 * 1024;
/** EfficientNet-B7 has 266 MB in float32, L2 1.9 GB. */
export const maxWeightsBytes = 2 * 1024 ** 3;

/** A model folder whose card and labels are sound. The weights are read, and their hash compared, when needed. */
export interface Model {
  readonly card: ModelCard;
  /** One per class, in the order of the network's outputs. */
  readonly labels: readonly Label[];
  /** Absolute or relative path of the folder. */
  readonly folder: string;
  /** The model's identity, in hex: of its card (which holds the hash of the weights) and its labels. */
  readonly sha256: string;
}

/**
 * Loads card and labels of a model folder: a bundled one, the user's own, or one fetched from a run's output.
 *
 * @throws LabelfleetError MODEL_INVALID when a file is missing or wrong, or the architecture is unknown
 */
export async function loadModelFolder(folder: string): Promise<Model> {
  const card = await readCard(folder);
  const labels = parseLabels(await readDocument(folder, labelsFile), card.numClasses, join(folder, labelsFile));
  if (card.architecture !== undefined) variantOf(card.architecture);
  await sizeOf(folder, card.weights.file, maxWeightsBytes);
  return modelOf(card, labels, folder);
}

/** The card of a model folder. @throws LabelfleetError MODEL_INVALID */
export async function readCard(folder: string): Promise<ModelCard> {
  return parseCard(await readDocument(folder, cardFile), join(folder, cardFile));
}

/** The names of a model's files; together they are the whole model. */
export function modelFiles(model: Model): readonly string[] {
  return [cardFile, labelsFile, model.card.weights.file];
}

/** A model's card or labels as the file of that name: its folder may have them in another form (timm-folder.ts). */
export function modelDocument({ card, labels }: Model, file: string): string {
  return `${JSON.stringify(file === cardFile ? card : labels, null, file === cardFile ? 2 : undefined)}\n`;
}

/** A model of its card and labels. */
export function modelOf(card: ModelCard, labels: readonly Label[], folder: string): Model {
  const sha256 = createHash("sha256").update(canonicalJson({ card, labels })).digest("hex");
  return { card, labels, folder, sha256 };
}

/** The weights file's bytes. Throws MODEL_INVALID when their SHA-256 is not the card's. */
export async function readWeights(model: Model): Promise<Buffer> {
  const { file, sha256: expected } = model.card.weights;
  await sizeOf(model.folder, file, maxWeightsBytes);
  const path = join(model.folder, file);
  const bytes = await readFile(path);
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== expected) {
    // A pointer or a page in place of the weights has another hash, too, and a reason that helps.
    refuseOtherFormats(bytes, path, model.card.architecture === undefined ? "onnx" : "safetensors");
    throw new LabelfleetError("MODEL_INVALID", `${path}: SHA-256 is ${actual}, but model.json says ${expected}`);
  }
  return bytes;
}

function parseCard(json: string, source: string): ModelCard {
  const invalid = (what: string) => new LabelfleetError("MODEL_INVALID", `${source}: ${what}`);
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    throw invalid("not JSON");
  }
  const parsed = modelCardSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(`${issue?.path.join(".") || "the card"}: ${issue?.message ?? "not a model card"}`);
}

async function readDocument(folder: string, file: string): Promise<string> {
  await sizeOf(folder, file, maxDocumentBytes);
  return readFile(join(folder, file), "utf8");
}

/** The size of a regular file of the folder that is no larger than `maxBytes`; anything else is MODEL_INVALID. */
async function sizeOf(folder: string, file: string, maxBytes: number): Promise<number> {
  const path = join(folder, file);
  const stats = await stat(path).catch((cause: unknown) => {
    throw new LabelfleetError("MODEL_INVALID", `${path}: cannot be read, and a model folder needs it`, { cause });
  });
  if (!stats.isFile()) throw new LabelfleetError("MODEL_INVALID", `${path}: not a file`);
  if (stats.size > maxBytes) {
    throw new LabelfleetError("MODEL_INVALID", `${path}: ${stats.size} bytes are over the limit of ${maxBytes}`);
  }
  return stats.size;
}
