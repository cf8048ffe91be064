import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModelFolder, type Model, readWeights } from "@labelfleet/models/model-folder";
import { resolveModel } from "@labelfleet/models/registry";
import { createLogger } from "@labelfleet/shared/logger";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { BatchSizes } from "../batch/batch-sizes.js";
import type { InferPool } from "../infer/infer-pool.js";
import { ModelLoader } from "./model-loader.js";

let dir: string;
let output: string;
let cacheDir: string;
let bundled: Model;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lf-model-loader-"));
  [output, cacheDir] = [join(dir, "out"), join(dir, "cache")];
  bundled = await resolveModel("efficientnet-lite0");
  await cp(bundled.folder, join(output, "models", bundled.sha256), { recursive: true });
  await load();
});

beforeEach(async () => {
  // A graph that is there already would hide what is wrong with the weights.
  for (const name of await readdir(cacheDir)) if (name.endsWith(".onnx")) await rm(join(cacheDir, name));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** Loads the model as a worker does that has just started, but for the inference threads. */
async function load(): Promise<Model> {
  const pool = { device: null, load: async () => ({ device: "cpu", fallbackReason: null }) };
  const sizes = new BatchSizes({
    pinned: { maxBatchSize: null, maxWaitMs: null },
    notes: { read: async () => null, write: async () => {} },
    nameOf: async (device) => device,
    say: () => {},
  });
  const logger = createLogger({ name: "test", level: "silent" });
  const loader = new ModelLoader(pool as unknown as InferPool, sizes, cacheDir, logger);
  const { id, weights } = bundled.card;
  const ref = { id, sha256: bundled.sha256, weightsSha256: weights.sha256, precision: "fp32" as const };
  return (await loader.load({ output: `file://${output}/`, embeddings: false }, ref)).model;
}

const cached = () => join(cacheDir, "models", bundled.sha256);

test.each<[string, (folder: string) => Promise<void>]>([
  ["an empty card", (folder) => truncate(join(folder, "model.json"), 0)],
  ["labels that are not JSON", (folder) => writeFile(join(folder, "labels.json"), "[")],
  ["no labels", (folder) => rm(join(folder, "labels.json"))],
  ["weights that are cut short", (folder) => truncate(join(folder, "weights.safetensors"), 1_000)],
  [
    "nothing in it",
    async (folder) => {
      for (const name of await readdir(folder)) await rm(join(folder, name));
    },
  ],
])("a cached model folder with %s is made whole from the output, by several workers at once", async (_what, damage) => {
  await damage(cached());
  const models = await Promise.all([load(), load(), load()]);
  expect(models.map(({ sha256 }) => sha256)).toEqual(Array(3).fill(bundled.sha256));
  const mended = await loadModelFolder(cached());
  expect(mended.sha256).toBe(bundled.sha256);
  await readWeights(mended);
  expect(await readdir(join(cacheDir, "models"))).toEqual([bundled.sha256]);
});

test("only the model's own files are taken from the output, whatever else lies there", async () => {
  const extra = join(output, "models", bundled.sha256, "extra.bin");
  await writeFile(extra, "not of the model");
  await rm(cached(), { recursive: true });
  await load();
  await rm(extra);
  expect((await readdir(cached())).sort()).toEqual(["labels.json", "model.json", "weights.safetensors"]);
});

test("a document of a model that is larger than any is refused before it is read", async () => {
  const labels = join(output, "models", bundled.sha256, "labels.json");
  const whole = await readFile(labels);
  await truncate(labels, 17 * 1024 * 1024);
  await rm(cached(), { recursive: true });
  await expect(load()).rejects.toMatchObject({
    code: "MODEL_INVALID",
    message: expect.stringContaining("labels.json"),
  });
  await writeFile(labels, whole);
  await load();
});
