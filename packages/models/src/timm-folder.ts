import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { modelIdOf } from "./hub/hub-source.js";
import { parseTimmConfig, type TimmModel } from "./hub/timm-config.js";
import { labelsFor, sha256Of } from "./hub/timm-files.js";
import type { ModelCard } from "./model-card.js";
import { type Model, modelOf } from "./model-folder.js";
import { checkWeightsFile } from "./weights/check-weights-file.js";
import { weightsInstead } from "./weights/other-formats.js";

const configFile = "config.json";
const weightsFile = "model.safetensors";
/** A configuration with the names of 20,000 classes has a megabyte. */
const maxConfigBytes = 16 * 1024 * 1024;

/**
 * A folder as timm's `save_for_hf` leaves it, or a clone of a hub repository: config.json and model.safetensors. Its card and
 * labels are made of the configuration, as a pull makes them; nothing is written.
 *
 * @throws LabelfleetError MODEL_INVALID when the configuration is none of timm's or weights in safetensors are missing
 */
export async function loadTimmFolder(folder: string): Promise<Model> {
  const configPath = join(folder, configFile);
  const { size } = await stat(configPath);
  if (size > maxConfigBytes) {
    throw new LabelfleetError("MODEL_INVALID", `${configPath}: ${size} bytes are too many for a configuration`);
  }
  const { card, labels } = parseTimmConfig(await readFile(configPath, "utf8"), configPath);
  const whole: ModelCard = {
    ...card,
    id: modelIdOf(basename(resolve(folder))),
    weights: { file: weightsFile, sha256: await hashOfWeights(folder, card) },
    source: `folder ${basename(resolve(folder))}`,
  };
  return modelOf(whole, await labelsFor(card.numClasses, labels, configPath), folder);
}

async function hashOfWeights(folder: string, card: TimmModel["card"]): Promise<string> {
  const path = join(folder, weightsFile);
  const names = await readdir(folder);
  if (!names.includes(weightsFile)) throw new LabelfleetError("MODEL_INVALID", `${folder}: ${weightsInstead(names)}`);
  await checkWeightsFile(path, card, path);
  return sha256Of(path);
}
