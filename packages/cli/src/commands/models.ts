import { multiplyAdds, parameterCount } from "@labelfleet/models/efficientnet/cost";
import type { Model } from "@labelfleet/models/model-folder";
import { preprocessSpec } from "@labelfleet/models/preprocess-spec";
import { bundledModelIds, resolveModel } from "@labelfleet/models/registry";
import { type CommandContext, printJson } from "../command-context.js";
import { formatCount, formatTable } from "../view/format.js";

/** The models that come with labelfleet. */
export async function modelsList({ json }: CommandContext): Promise<number> {
  const models = (await Promise.all((await bundledModelIds()).map(resolveModel))).map(describe);
  if (json) printJson({ models });
  else {
    process.stdout.write(
      formatTable(
        ["model", "input px", "classes", "parameters", "multiply-adds"],
        models.map((model) => [
          model.id,
          String(model.inputPx),
          formatCount(model.numClasses),
          model.parameters === null ? "?" : formatCount(model.parameters),
          model.multiplyAdds === null ? "?" : `${(model.multiplyAdds / 1e9).toFixed(2)} billion`,
        ]),
      ),
    );
  }
  return 0;
}

/** One model: its card, what it costs, and how images are prepared for it. */
export async function modelsShow({ json }: CommandContext, name: string): Promise<number> {
  const description = describe(await resolveModel(name));
  if (json) printJson(description);
  else {
    const rows = Object.entries(description).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    process.stdout.write(formatTable(["", ""], rows).trimStart());
  }
  return 0;
}

function describe({ card, sha256 }: Model) {
  const { architecture, inputPx, numClasses } = card;
  return {
    id: card.id,
    architecture: architecture ?? null,
    inputPx,
    resizeShortSidePx: preprocessSpec(card).resizeShortSidePx,
    interpolation: card.interpolation,
    mean: card.mean,
    std: card.std,
    activation: card.activation,
    numClasses,
    parameters: architecture === undefined ? null : parameterCount(architecture, numClasses),
    multiplyAdds: architecture === undefined ? null : multiplyAdds(architecture, inputPx, numClasses),
    license: card.license,
    source: card.source,
    sha256,
  };
}
