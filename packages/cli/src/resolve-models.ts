import type { Model } from "@labelfleet/models/model-folder";
import { type ResolveOptions, resolveModel } from "@labelfleet/models/registry";
import { inCache } from "@labelfleet/shared/storage/scratch-errors";
import { cacheDirOf } from "./cache-dir.js";
import type { CommandContext } from "./command-context.js";
import { PullView } from "./view/pull-view.js";

/** How a command finds models, and pulls those that are not here yet, saying so on stderr. */
export function resolveOptionsOf(context: CommandContext, view: PullView): ResolveOptions {
  const { config, json } = context;
  return {
    cacheDir: cacheDirOf(context),
    hub: config.hub,
    onPull: ({ id, repo }) => view.begin(id, `hf:${repo}`),
    onWait: (waiting) => view.waiting(waiting),
    ...(json ? {} : { onProgress: (progress) => view.progress(progress) }),
  };
}

/** What each `--model` names, one after another where they have to be pulled. @throws as resolveModel */
export async function resolveModels(context: CommandContext, names: readonly string[]): Promise<Model[]> {
  const view = new PullView(process.stderr);
  const options = resolveOptionsOf(context, view);
  const models: Model[] = [];
  try {
    for (const name of names) models.push(await inCache(options.cacheDir, () => resolveModel(name, options)));
  } finally {
    view.end();
  }
  return models;
}
