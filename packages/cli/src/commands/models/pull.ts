import { parseHubSource, pulledModel } from "@labelfleet/models/hub/hub-source";
import { pullModel } from "@labelfleet/models/hub/pull-model";
import { shortNames } from "@labelfleet/models/hub/short-names";
import { nearestNames } from "@labelfleet/models/nearest-names";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { inCache } from "@labelfleet/shared/storage/scratch-errors";
import { cacheDirOf } from "../../cache-dir.js";
import { type CommandContext, printJson } from "../../command-context.js";
import { PullView } from "../../view/pull-view.js";
import { writeOut } from "../../view/terminal.js";

/** Brings a model to the cache; says so where it is there already. */
export async function modelsPull(context: CommandContext, name: string): Promise<number> {
  const { config, json } = context;
  const source = parseHubSource(name);
  if (source === null) {
    const ids = shortNames.map(({ id }) => id);
    const [nearest = ids[0]] = nearestNames(name, ids);
    throw new LabelfleetError(
      "MODEL_UNKNOWN",
      `cannot pull "${name}": expected hf:owner/repo, timm's name of weights (efficientnet_b0.ra_in1k) or a name such as ${nearest}`,
    );
  }
  const cacheDir = cacheDirOf(context);
  const view = new PullView(process.stderr);
  const there = await pulledModel(source, cacheDir);
  if (there === null) view.begin(source.id, `hf:${source.repo}`);
  const onProgress = json ? undefined : view.progress.bind(view);
  const onWait = view.waiting.bind(view);
  let model = there;
  try {
    model ??= await inCache(cacheDir, () =>
      pullModel(source, { cacheDir, hub: config.hub, onWait, ...(onProgress && { onProgress }) }),
    );
  } finally {
    view.end();
  }
  const { card, folder, sha256 } = model;
  if (json) printJson({ id: card.id, architecture: card.architecture, folder, sha256, weights: card.weights.sha256 });
  else
    writeOut(
      `${there ? "Already here" : "Pulled"}: ${card.id} (${card.architecture}) in ${folder}\nUse it: --model ${name}\n`,
    );
  return 0;
}
