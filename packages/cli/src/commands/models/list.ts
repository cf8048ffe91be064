import { shortNames } from "@labelfleet/models/hub/short-names";
import { bundledModelIds } from "@labelfleet/models/registry";
import { cacheDirOf } from "../../cache-dir.js";
import { type CommandContext, printJson } from "../../command-context.js";
import { formatCount, formatTable } from "../../view/format.js";
import { writeOut } from "../../view/terminal.js";
import { describeByName } from "./describe-model.js";

/** The models that come with labelfleet, and those that it pulls on first use. */
export async function modelsList(context: CommandContext): Promise<number> {
  const ids = [...(await bundledModelIds()), ...shortNames.map(({ id }) => id)];
  const cacheDir = cacheDirOf(context);
  const models = await Promise.all(ids.map((id) => describeByName(id, cacheDir)));
  if (context.json) {
    printJson({ models: models.map(({ stages: _, ...model }) => model) });
    return 0;
  }
  const rows = models.map((model) => [
    model.id,
    String(model.inputPx),
    formatCount(model.numClasses),
    model.parameters === null ? "?" : formatCount(model.parameters),
    model.multiplyAdds === null ? "?" : `${(model.multiplyAdds / 1e9).toFixed(2)} billion`,
    model.weights === "on the hub" ? `pulled on first use: ${model.source}` : model.weights,
  ]);
  writeOut(formatTable(["model", "input px", "classes", "parameters", "multiply-adds", "weights"], rows));
  return 0;
}
