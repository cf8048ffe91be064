import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { bundledFolder } from "./bundled-folder.js";
import { architectureNames } from "./efficientnet/variants.js";
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
  // A clone of timm's repository has the same name as the repository.
  const isClone = source?.architecture !== undefined && (await isFolder(nameOrPath));
  if (source !== null && options && !isClone) {
    const pulled = await pulledModel(source, options.cacheDir);
    if (pulled !== null) return pulled;
    options.onPull?.(source);
    // Its HTTP client is paid by who pulls.
    const { pullModel } = await import("./hub/pull-model.js");
    return pullModel(source, options);
  }
  if (await isFolder(nameOrPath)) return loadOwnFolder(nameOrPath);
  throw new LabelfleetError("MODEL_UNKNOWN", `no model "${nameOrPath}": ${await expectedInstead(nameOrPath, bundled)}`);
}

/** A folder of the user's own: labelfleet's form, or timm's, which is read by what only few need. */
async function loadOwnFolder(folder: string): Promise<Model> {
  const isThere = async (file: string) => (await kindOf(join(folder, file))) === "file";
  if ((await isThere("model.json")) || !(await isThere("config.json"))) return loadModelFolder(folder);
  const { loadTimmFolder } = await import("./timm-folder.js");
  return loadTimmFolder(folder);
}

async function expectedInstead(name: string, bundled: readonly string[]): Promise<string> {
  if ((await kindOf(name)) === "file") {
    return "it is a file, and a model is a folder: put model.json and labels.json beside it (docs/models.md), or timm's config.json";
  }
  const nearest = nearestNames(name, [...bundled, ...shortNames.map(({ id }) => id)]);
  const near = nearest.length > 0 ? ` (nearest: ${nearest.join(", ")})` : "";
  const what = architectureNames.includes(name)
    ? `; ${name} is an architecture, its weights have a tag: ${name}.<tag> of https://huggingface.co/timm`
    : "";
  return `name one that \`npx labelfleet models list\` shows${near}, hf:owner/repo or the path of a model folder${what}`;
}

async function isFolder(path: string): Promise<boolean> {
  return (await kindOf(path)) === "folder";
}

async function kindOf(path: string): Promise<"folder" | "file" | null> {
  if (path === "" || path.includes("\0")) return null;
  return stat(path).then(
    (stats) => (stats.isDirectory() ? "folder" : "file"),
    () => null,
  );
}
