import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { modelIdPattern } from "./model-card.js";
import { loadModelFolder, type Model } from "./model-folder.js";
import { nearestNames } from "./nearest-names.js";

/** models/ at the root of the repository, seen from src/ and dist/ alike. */
const bundledFolder = fileURLToPath(new URL("../../../models/", import.meta.url));

/** The ids of the models that come with labelfleet, sorted. */
export async function bundledModelIds(): Promise<string[]> {
  const entries = await readdir(bundledFolder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && modelIdPattern.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}

/**
 * What `--model` names: the id of a bundled model, or else the path of a model folder.
 *
 * @throws LabelfleetError MODEL_UNKNOWN, with the nearest ids, when it is neither; MODEL_INVALID when the folder is wrong
 */
export async function resolveModel(nameOrPath: string): Promise<Model> {
  const ids = await bundledModelIds();
  if (ids.includes(nameOrPath)) return loadModelFolder(join(bundledFolder, nameOrPath));
  if (await isFolder(nameOrPath)) return loadModelFolder(nameOrPath);
  throw new LabelfleetError(
    "MODEL_UNKNOWN",
    `no model "${nameOrPath}": name one of those with labelfleet (nearest: ${nearestNames(nameOrPath, ids).join(", ")}) or the path of a model folder`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  if (path === "" || path.includes("\0")) return false;
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
