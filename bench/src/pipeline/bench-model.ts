import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { architectureNames, variantOf } from "@labelfleet/models/efficientnet/variants";
import type { ModelCard } from "@labelfleet/models/model-card";
import { resolveModel } from "@labelfleet/models/registry";
import { madeUpWeights } from "@labelfleet/models/test-support/made-up-weights";

const models = fileURLToPath(new URL("../../../.cache/bench/models/", import.meta.url));
const cropPct = 0.875;
const numClasses = 1000;

/**
 * What `--model` of a bench means: a bundled model, a model folder, or an architecture, for which a folder with made-up weights
 * is written. Time does not depend on them, and labels can still be compared.
 *
 * @throws MODEL_UNKNOWN
 */
export async function benchModel(name: string): Promise<string> {
  if (!architectureNames.includes(name)) {
    await resolveModel(name);
    return name;
  }
  const folder = join(models, name);
  const exists = await resolveModel(folder).then(
    () => true,
    () => false,
  );
  if (!exists) await writeFolder(name, folder);
  return folder;
}

async function writeFolder(architecture: string, folder: string): Promise<void> {
  const weights = madeUpWeights(architecture, numClasses);
  const { inputPx, normalisation } = variantOf(architecture);
  const card: ModelCard = {
    schemaVersion: 1,
    id: architecture.replaceAll("_", "-"),
    architecture,
    inputPx,
    cropPct,
    interpolation: "bicubic",
    mean: [...normalisation.mean],
    std: [...normalisation.std],
    activation: "softmax",
    numClasses,
    weights: { file: "weights.safetensors", sha256: createHash("sha256").update(weights).digest("hex") },
    license: "none",
    source: "made up by labelfleet bench",
  };
  const labels = Array.from({ length: numClasses }, (_, i) => ({ label: `class ${i}` }));
  const temporary = `${folder}.${process.pid}.tmp`;
  await mkdir(temporary, { recursive: true });
  await writeFile(join(temporary, "weights.safetensors"), weights);
  await writeFile(join(temporary, "model.json"), JSON.stringify(card));
  await writeFile(join(temporary, "labels.json"), JSON.stringify(labels));
  await rename(temporary, folder);
}
