import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import { loadModelFolder, type Model, modelFiles } from "@labelfleet/models/model-folder";
import { type PreprocessSpec, preprocessSpec } from "@labelfleet/models/preprocess-spec";
import type { ModelRef } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { defaultLimits } from "../batch/policy.js";
import type { InferPool } from "../infer/infer-pool.js";

/** A run's model, loaded and ready. */
export interface RunModel {
  ref: ModelRef;
  /** Names the model in the inference pool: equal weights of several runs are one model. */
  modelKey: string;
  model: Model;
  preprocess: PreprocessSpec;
}

/** Models in the inference pool at once; the ones longest unused are unloaded first. */
const maxLoadedModels = 8;

/** Brings a run's models from its output to the inference threads; each only once. */
export class ModelLoader {
  readonly #pool: InferPool;
  readonly #cacheDir: string;
  readonly #logger: Logger;
  readonly #loaded = new Map<string, Promise<Model>>();

  constructor(pool: InferPool, cacheDir: string, logger: Logger) {
    this.#pool = pool;
    this.#cacheDir = cacheDir;
    this.#logger = logger;
  }

  /** @throws MODEL_INVALID when what lies in the output is not the model that the run froze */
  async load(output: string, ref: ModelRef): Promise<RunModel> {
    const modelKey = ref.sha256;
    const loading = this.#loaded.get(modelKey) ?? this.#load(output, ref);
    this.#loaded.delete(modelKey);
    this.#loaded.set(modelKey, loading);
    loading.catch(() => this.#loaded.delete(modelKey));
    if (this.#loaded.size > maxLoadedModels) this.#unloadOldest();
    const model = await loading;
    return { ref, modelKey, model, preprocess: preprocessSpec(model.card) };
  }

  async #load(output: string, ref: ModelRef): Promise<Model> {
    const model = await this.#fetch(output, ref);
    const modelPath = await ensureOnnx(model, { cacheDir: this.#cacheDir });
    const warmUpImages = defaultLimits(this.#pool.device ?? "cpu").maxBatchSize;
    const { device, fallbackReason } = await this.#pool.load(ref.sha256, modelPath, warmUpImages);
    if (fallbackReason !== null) this.#logger.warn(fallbackReason);
    this.#logger.debug({ model: ref.id, device }, "model loaded");
    return model;
  }

  #unloadOldest(): void {
    const [oldest] = this.#loaded.keys();
    if (oldest === undefined) return;
    this.#loaded.delete(oldest);
    this.#pool.unload(oldest);
  }

  /** The model folder in the local cache, downloaded from `<out>/models/<sha256>/` when it is not there. */
  async #fetch(output: string, ref: ModelRef): Promise<Model> {
    const folder = join(this.#cacheDir, "models", ref.sha256);
    const cached = await loadModelFolder(folder).catch(() => null);
    if (cached?.sha256 === ref.sha256) return cached;
    const { store, prefix } = await openStore(output);
    try {
      return await download(store, `${prefix}models/${ref.sha256}/`, folder, ref);
    } finally {
      await store.close();
    }
  }
}

/** Downloads into a folder of its own and renames it, so that several workers may do this at once. */
async function download(store: ObjectStore, prefix: string, folder: string, ref: ModelRef): Promise<Model> {
  const temporary = `${folder}.${randomUUID()}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    for await (const { key } of store.list({ prefix })) {
      const name = key.slice(prefix.length);
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) continue;
      await writeFile(join(temporary, name), (await store.get(key)).body);
    }
    const model = await loadModelFolder(temporary);
    if (model.sha256 !== ref.sha256 || !modelFiles(model).length) {
      throw new LabelfleetError("MODEL_INVALID", `${store.uriOf(prefix)} holds another model than the run says`);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder).catch(() => {
      // Another worker was first; what it put there is checked below.
    });
    return await loadModelFolder(folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
