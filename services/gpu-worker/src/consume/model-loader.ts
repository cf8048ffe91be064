import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GraphForm } from "@labelfleet/models/build-onnx";
import { modelMemory } from "@labelfleet/models/memory";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import {
  cardFile,
  labelsFile,
  loadModelFolder,
  type Model,
  maxDocumentBytes,
  maxWeightsBytes,
  readCard,
  readWeights,
} from "@labelfleet/models/model-folder";
import { type PreprocessSpec, preprocessSpec } from "@labelfleet/models/preprocess-spec";
import { hasNvidiaDevice } from "@labelfleet/runtime/devices";
import { probeGraph } from "@labelfleet/runtime/graph-probe";
import type { ModelRef } from "@labelfleet/shared/contract/run-spec";
import { hasCode, LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { inCache } from "@labelfleet/shared/storage/scratch-errors";
import type { BatchSizes } from "../batch/batch-sizes.js";
import type { InferPool } from "../infer/infer-pool.js";

/** A run's model, loaded and ready. */
export interface RunModel {
  ref: ModelRef;
  /** Names the model in the inference pool: equal weights in one form are one model, whatever runs use them. */
  modelKey: string;
  model: Model;
  preprocess: PreprocessSpec;
}

/** What a run says about all of its models. */
export interface LoadOptions {
  /** Where `models/<sha256>/` lies. */
  output: string;
  embeddings: boolean;
}

interface LoadedModel {
  model: Promise<Model>;
  /** Open runs that use it. */
  users: number;
}

/** Brings runs' models from their outputs to the inference threads; each only once, and for as long as a run uses it. */
export class ModelLoader {
  readonly #pool: InferPool;
  readonly #sizes: BatchSizes;
  readonly #cacheDir: string;
  readonly #logger: Logger;
  readonly #loaded = new Map<string, LoadedModel>();
  /** Why the CPU is used: of the device, or of a model that CUDA refuses. */
  readonly #told = new Set<string>();

  constructor(pool: InferPool, sizes: BatchSizes, cacheDir: string, logger: Logger) {
    this.#pool = pool;
    this.#sizes = sizes;
    this.#cacheDir = cacheDir;
    this.#logger = logger;
  }

  /**
   * The caller owes a `release`.
   *
   * @throws MODEL_INVALID when what lies in the output is not the model that the run froze
   */
  async load({ output, embeddings }: LoadOptions, ref: ModelRef): Promise<RunModel> {
    const form: GraphForm = {
      outputs: embeddings ? ["probabilities", "embedding"] : ["probabilities"],
      precision: ref.precision,
    };
    const modelKey = [ref.sha256, ref.precision, ...form.outputs].join(" ");
    const loaded = this.#loaded.get(modelKey) ?? { model: this.#load(output, ref, modelKey, form), users: 0 };
    this.#loaded.set(modelKey, loaded);
    loaded.users += 1;
    try {
      const model = await loaded.model;
      return { ref, modelKey, model, preprocess: preprocessSpec(model.card) };
    } catch (error) {
      this.#loaded.delete(modelKey);
      throw error;
    }
  }

  /** The last run that lets a model go unloads it. */
  release({ modelKey }: RunModel): void {
    const loaded = this.#loaded.get(modelKey);
    if (loaded === undefined) return;
    loaded.users -= 1;
    if (loaded.users > 0) return;
    this.#loaded.delete(modelKey);
    this.#pool.unload(modelKey);
    this.#sizes.close(modelKey);
  }

  async #load(output: string, ref: ModelRef, modelKey: string, form: GraphForm): Promise<Model> {
    const { model, modelPath } = await this.#build(output, ref, form);
    const { card } = model;
    const memory = modelMemory(card, (await stat(modelPath)).size, ref.precision);
    const { imageBytes } = memory;
    const { device, fallbackReason } = await this.#pool.load({
      modelKey,
      modelPath,
      name: `model ${ref.id}`,
      inputPx: card.inputPx,
      numClasses: card.numClasses,
      embeddings: form.outputs.includes("embedding"),
      warmUpImages: this.#sizes.warmUpImages(this.#pool.device, imageBytes),
      memory,
    });
    const weights = { weightsSha256: card.weights.sha256, precision: ref.precision };
    await this.#sizes.open({ modelKey, device, weights, imageBytes });
    if (fallbackReason !== null && !this.#told.has(fallbackReason)) {
      this.#told.add(fallbackReason);
      this.#logger[hasNvidiaDevice() ? "warn" : "info"](fallbackReason);
    }
    this.#logger.debug({ model: ref.id, device }, "model loaded");
    return model;
  }

  /** The model and its graph, from the local cache where that holds them intact. */
  async #build(output: string, ref: ModelRef, form: GraphForm): Promise<{ model: Model; modelPath: string }> {
    const folder = join(this.#cacheDir, "models", ref.sha256);
    const warn = (line: string) => this.#logger.warn(line);
    const graphOf = (model: Model) => ensureOnnx(model, { cacheDir: this.#cacheDir, ...form, probe: probeGraph, warn });
    const cached = await loadModelFolder(folder).catch(() => null);
    if (cached?.sha256 === ref.sha256) {
      try {
        return { model: cached, modelPath: await graphOf(cached) };
      } catch (error) {
        // Weights that are damaged on this disk may be whole in the output.
        if (!hasCode(error, "MODEL_INVALID")) throw error;
      }
    }
    const model = await inCache(this.#cacheDir, () => this.#fetch(output, folder, ref));
    return { model, modelPath: await graphOf(model) };
  }

  async #fetch(output: string, folder: string, ref: ModelRef): Promise<Model> {
    const { store, prefix } = await openStore(output);
    try {
      return await download(store, `${prefix}models/${ref.sha256}/`, folder, ref);
    } finally {
      await store.close();
    }
  }
}

/** Downloads into a folder of its own and puts that in place whole, so that several workers may do this at once. */
async function download(store: ObjectStore, prefix: string, folder: string, ref: ModelRef): Promise<Model> {
  const temporary = `${folder}.${randomUUID()}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    // What else lies there is nobody's, and may be of any size.
    const take = async (name: string, maxBytes: number) =>
      writeFile(join(temporary, name), await bytesOf(store, `${prefix}${name}`, maxBytes));
    await take(cardFile, maxDocumentBytes);
    await take(labelsFile, maxDocumentBytes);
    await take((await readCard(temporary)).weights.file, maxWeightsBytes);
    const model = await loadModelFolder(temporary);
    if (model.sha256 !== ref.sha256) {
      throw new LabelfleetError("MODEL_INVALID", `${store.uriOf(prefix)} holds a different model than run.json names`);
    }
    await readWeights(model);
    await putInPlace(temporary, folder);
    return await loadModelFolder(folder);
  } catch (error) {
    if (!(error instanceof LabelfleetError)) throw error;
    // People know the output, and the temporary folder is gone when they look.
    const message = error.message.replaceAll(`${temporary}/`, store.uriOf(prefix));
    throw new LabelfleetError(error.code, message, { cause: error });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** @throws MODEL_INVALID when there is no such file, or a larger one */
async function bytesOf(store: ObjectStore, key: string, maxBytes: number): Promise<Buffer> {
  try {
    return (await store.get(key, { maxBytes })).body;
  } catch (error) {
    if (!hasCode(error, "OBJECT_NOT_FOUND", "OBJECT_TOO_LARGE")) throw error;
    throw new LabelfleetError("MODEL_INVALID", toLabelfleetError(error).message, { cause: error });
  }
}

/**
 * Where there is a folder already it is another worker's, or damaged. Its files are replaced one by one, by equal or by whole
 * ones: so it is never gone, whoever reads it or does the same meanwhile.
 */
async function putInPlace(whole: string, folder: string): Promise<void> {
  try {
    await rename(whole, folder);
  } catch {
    for (const name of await readdir(whole)) await rename(join(whole, name), join(folder, name));
  }
}
