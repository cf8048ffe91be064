import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@labelfleet/shared/errors";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadModelFolder, modelFiles, readWeights } from "./model-folder.js";
import { resolveModel } from "./registry.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "labelfleet-model-"));
  await cp((await resolveModel("efficientnet-lite0")).folder, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function changeCard(change: Record<string, unknown>): Promise<void> {
  const path = join(folder, "model.json");
  const card = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...card, ...change }));
}

const isInvalid = (error: unknown) => hasCode(error, "MODEL_INVALID");

it("has the same identity when copied, and another when a label or the card changes", async () => {
  const original = await resolveModel("efficientnet-lite0");
  expect((await loadModelFolder(folder)).sha256).toBe(original.sha256);
  await changeCard({ cropPct: 0.9 });
  const recropped = await loadModelFolder(folder);
  expect(recropped.sha256).not.toBe(original.sha256);
  const labels = join(folder, "labels.json");
  await writeFile(labels, (await readFile(labels, "utf8")).replace("espresso", "coffee"));
  expect((await loadModelFolder(folder)).sha256).not.toBe(recropped.sha256);
});

it("lists the files that make the model, and they suffice", async () => {
  const model = await loadModelFolder(folder);
  expect(modelFiles(model)).toEqual(["model.json", "labels.json", "weights.safetensors"]);
  const copy = await mkdtemp(join(tmpdir(), "labelfleet-model-"));
  try {
    for (const file of modelFiles(model)) await cp(join(folder, file), join(copy, file));
    expect((await loadModelFolder(copy)).sha256).toBe(model.sha256);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});

it("refuses weights that are not the card's", async () => {
  const model = await loadModelFolder(folder);
  await appendFile(join(folder, "weights.safetensors"), "x");
  await expect(readWeights(model)).rejects.toSatisfy(isInvalid);
  await expect(readWeights(model)).rejects.toThrow(/SHA-256 is .* but model\.json says e95c14/);
});

it.each([
  ["a weights file outside the folder", { weights: { file: "../weights", sha256: "0".repeat(64) } }, /weights\.file/],
  ["missing weights", { weights: { file: "none", sha256: "0".repeat(64) } }, /none: cannot be read/],
  ["a wrong class count", { numClasses: 10 }, /1000 labels for the 10 classes/],
  [
    "an unknown architecture",
    { architecture: "efficientnet-lite0" },
    /nearest known: efficientnet_lite0, tf_efficientnet_lite0/,
  ],
  ["an unknown argument", { modelArgs: { output_stride: 16 } }, /modelArgs: .*output_stride/],
  ["an unknown activation between layers", { modelArgs: { act_layer: "gelu" } }, /modelArgs\.act_layer/],
  ["an unknown field", { cropPercent: 87.5 }, /cropPercent/],
])("refuses a card with %s", async (_what, change, message) => {
  await changeCard(change);
  await expect(loadModelFolder(folder)).rejects.toSatisfy(isInvalid);
  await expect(loadModelFolder(folder)).rejects.toThrow(message);
});
