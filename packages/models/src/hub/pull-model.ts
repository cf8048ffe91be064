import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import type { ModelCard } from "../model-card.js";
import { loadModelFolder, type Model, maxWeightsBytes } from "../model-folder.js";
import { checkWeightsFile } from "../weights/check-weights-file.js";
import { weightsInstead } from "../weights/other-formats.js";
import { HubClient, type HubOptions } from "./hub-client.js";
import { downloadHubFile, type HubFile, type OnProgress, statHubFile } from "./hub-file.js";
import type { HubLimits } from "./hub-limits.js";
import { folderOf, type HubSource, pulledModel } from "./hub-source.js";
import { type OnWait, withLock } from "./lock.js";
import { parseTimmConfig } from "./timm-config.js";
import { labelsFor, sha256Of } from "./timm-files.js";

export interface PullOptions {
  /** Where pulled models lie. */
  readonly cacheDir: string;
  readonly hub: HubOptions;
  readonly onProgress?: OnProgress;
  /** Told while another process pulls the same model. */
  readonly onWait?: OnWait;
  readonly limits?: HubLimits;
}

const weightsFile = "weights.safetensors";

/**
 * Makes a model folder of a repository in timm's layout (config.json and model.safetensors), or gives the one made before.
 * What was downloaded when a pull was cut off is used by the next; processes that pull the same model take turns.
 *
 * @throws LabelfleetError MODEL_UNKNOWN, ACCESS_DENIED, MODEL_INVALID, HUB_UNAVAILABLE, each naming the file
 */
export async function pullModel(source: HubSource, options: PullOptions): Promise<Model> {
  const folder = folderOf(source, options.cacheDir);
  const partial = `${folder}.partial`;
  await mkdir(dirname(folder), { recursive: true });
  const pullHere = async () => {
    const pulled = await pulledModel(source, options.cacheDir);
    if (pulled !== null) return pulled;
    await mkdir(partial, { recursive: true });
    const client = new HubClient(options.hub, options.limits);
    try {
      await fill(partial, source, client, options);
    } finally {
      await client.close();
    }
    const made = `${folder}.made`;
    await rm(made, { recursive: true, force: true });
    await mkdir(made);
    for (const file of ["labels.json", weightsFile, "model.json"]) await rename(join(partial, file), join(made, file));
    await rm(folder, { recursive: true, force: true });
    await rename(made, folder);
    await rm(partial, { recursive: true, force: true });
    return loadModelFolder(folder);
  };
  return withLock(`${folder}.lock`, pullHere, options.onWait && { onWait: options.onWait });
}

/** Downloads and writes the three files of a model folder into `partial`. */
async function fill(partial: string, source: HubSource, client: HubClient, options: PullOptions): Promise<void> {
  const { onProgress = () => {} } = options;
  const { maxConfigBytes } = client.limits;
  const config = await statHubFile(client, { ...source, file: "config.json", maxBytes: maxConfigBytes });
  const configPath = join(partial, "config.json");
  await rm(configPath, { force: true });
  await downloadHubFile(client, config, configPath, onProgress);
  const { card, labels } = parseTimmConfig(await readFile(configPath, "utf8"), config.name);

  const weights = await statWeights(client, source);
  const path = join(partial, `${weights.hash?.hex ?? "unnamed"}.part`);
  await downloadHubFile(client, weights, path, onProgress);
  await checkWeightsFile(path, card, weights.name).catch(async (error: unknown) => {
    await rm(path, { force: true });
    throw error;
  });
  await rename(path, join(partial, weightsFile));

  const whole: ModelCard = {
    ...card,
    id: source.id,
    weights: { file: weightsFile, sha256: await sha256Of(join(partial, weightsFile)) },
    source: `hf:${source.repo}${source.revision === "main" ? "" : `@${source.revision}`}`,
  };
  const named = await labelsFor(card.numClasses, labels, config.name);
  await writeFile(join(partial, "labels.json"), `${JSON.stringify(named)}\n`);
  await writeFile(join(partial, "model.json"), `${JSON.stringify(whole, null, 2)}\n`);
}

/** Where a repository has its weights in another form, the error says how to make a folder of it that works. */
async function statWeights(client: HubClient, source: HubSource): Promise<HubFile> {
  const stat = (file: string) => statHubFile(client, { ...source, file, maxBytes: maxWeightsBytes });
  try {
    return await stat("model.safetensors");
  } catch (error) {
    if (!hasCode(error, "MODEL_UNKNOWN")) throw error;
    for (const file of ["model.safetensors.index.json", "pytorch_model.bin"]) {
      const isThere = await stat(file).catch(() => null);
      if (isThere === null) continue;
      const todo = "download the repository, and give its folder as --model";
      throw new LabelfleetError("MODEL_INVALID", `hf:${source.repo}: ${weightsInstead([file])}; ${todo}`);
    }
    throw error;
  }
}
