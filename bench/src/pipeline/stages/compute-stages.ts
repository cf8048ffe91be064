import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { deviceProfile } from "@labelfleet/gpu-worker/batch/device-profile";
import { InferPool } from "@labelfleet/gpu-worker/infer/infer-pool";
import { decodeForModels } from "@labelfleet/imaging/decode";
import { modelMemory } from "@labelfleet/models/memory";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import { preprocessSpec } from "@labelfleet/models/preprocess-spec";
import { resolveModel } from "@labelfleet/models/registry";
import { defaultImageLimits } from "@labelfleet/shared/contract/run-spec";
import { atOnce, type Stage, type StageOptions } from "./stage.js";

/** Photos that inference turns over: their content does not change its time. */
const inferredPhotos = 32;
const inferTimeoutMs = 120_000;

/** JPEG to the model's square of pixels. */
export async function decodeStage({ folder, model: name, concurrency }: StageOptions): Promise<Stage> {
  const { card } = await resolveModel(name);
  const specs = [preprocessSpec(card)];
  const photos = await readPhotos(folder, Number.POSITIVE_INFINITY);
  const limits = { maxPixels: defaultImageLimits.maxPixels, timeoutMs: defaultImageLimits.decodeTimeoutMs };
  return {
    run: (images) => atOnce(concurrency, images, (i) => decodeForModels(photos[i % photos.length]!, specs, limits)),
    close: async () => {},
  };
}

/** The worker's infer threads in batches of the worker's size, each fed before it is done. */
export async function inferStage({ folder, model: name, concurrency: threads }: StageOptions): Promise<Stage> {
  const model = await resolveModel(name);
  const spec = preprocessSpec(model.card);
  const pool = new InferPool({
    threads,
    device: "cpu",
    timeoutMs: inferTimeoutMs,
    memoryBytesOf: async () => Number.POSITIVE_INFINITY,
    onCap: () => {},
    onDied: (error) => {
      throw error;
    },
  });
  const { inputPx, numClasses } = model.card;
  const modelPath = await ensureOnnx(model);
  const modelKey = "bench";
  let loaded = 1;
  const allLoaded = new Promise<void>((resolve) => {
    pool.onFree(() => ++loaded >= threads && resolve());
    if (threads === 1) resolve();
  });
  const memory = modelMemory(model.card, (await stat(modelPath)).size, "fp32");
  const { startSize: batch } = deviceProfile("cpu", memory.imageBytes);
  const atOnceBatches = 2 * threads;
  const photos = await readPhotos(folder, inferredPhotos);
  const pixels: ArrayBuffer[] = [];
  for (let i = 0; i < Math.max(photos.length, batch * atOnceBatches); i++) {
    const limits = { maxPixels: defaultImageLimits.maxPixels };
    const decoded = await decodeForModels(photos[i % photos.length]!, [spec], limits);
    pixels.push(decoded.pixels[0]!.buffer);
  }
  await pool.load({ modelKey, modelPath, inputPx, numClasses, embeddings: false, warmUpImages: batch, memory });
  await allLoaded;
  return {
    run: (images) =>
      atOnce(atOnceBatches, Math.ceil(images / batch), async () => {
        const outcome = await pool.infer(modelKey, pixels.splice(-batch), 5);
        if (!outcome.ok) throw outcome.error;
        pixels.push(...outcome.images);
      }),
    close: async () => void (await pool.close()),
  };
}

async function readPhotos(folder: string, most: number): Promise<Buffer[]> {
  const names = (await readdir(folder)).sort().slice(0, most);
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}
