import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { bundledFolder } from "./bundled-folder.js";
import { type HubSource, parseHubSource, pulledModel } from "./hub/hub-source.js";
import type { PullOptions } from "./hub/pull-model.js";
import { shortNames } from "./hub/short-names.js";
import { modelIdPattern } from "./model-card.js";
import { loadModelFolder, type Model } from "./model-folder.js";
import { nearestNames } from "./nearest-names.js";

export interface ResolveOptions extends PullOptions {
  /** Called before a model is pulled, which may take minutes. */
  readonly onPull?: (source: HubSource) => void;
}

/** The ids of the models that come with labelfleet, sorted. */
export async function bundledModelIds(): Promise<string[]> {
  const entries = await readdir(bundledFolder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && modelIdPattern.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}

/**
 * What `--model` names: the id of a bundled model, a short name or `hf:owner/repo`, which are pulled on first use, or else
 * the path of a model folder.
 *
 * @param options where to pull to and from; without them, nothing is pulled
 * @throws LabelfleetError MODEL_UNKNOWN, with the nearest ids, when it is none of these; MODEL_INVALID when the folder is
 *   wrong; and as `pullModel` does
 */
export async function resolveModel(nameOrPath: string, options?: ResolveOptions): Promise<Model> {
  const bundled = await bundledModelIds();
  if (bundled.includes(nameOrPath)) return loadModelFolder(join(bundledFolder, nameOrPath));
  const source = parseHubSource(nameOrPath);
  if (source !== null && options) {
    const pulled = await pulledModel(source, options.cacheDir);
    if (pulled !== null) return pulled;
    options.onPull?.(source);
    // Its HTTP client is paid by who pulls.
    const { pullModel } = await import("./hub/pull-model.js");
    return pullModel(source, options);
  }
  if (await isFolder(nameOrPath)) return loadModelFolder(nameOrPath);
  const nearest = nearestNames(nameOrPath, [...bundled, ...shortNames.map(({ id }) => id)]).join(", ");
  throw new LabelfleetError(
    "MODEL_UNKNOWN",
    `no model "${nameOrPath}": name one that \`npx labelfleet models list\` shows (nearest: ${nearest}), hf:owner/repo or the path of a model folder`,
  );
}

async function isFolder(path: string): Promise<boolean> {
  if (path === "" || path.includes("\0")) return false;
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
