import { type StageCost, stageCosts, totalCost } from "@labelfleet/models/efficientnet/cost";
import { architectureNames, variantOf } from "@labelfleet/models/efficientnet/variants";
import { parseHubSource, pulledModel } from "@labelfleet/models/hub/hub-source";
import type { ModelCard } from "@labelfleet/models/model-card";
import type { Model } from "@labelfleet/models/model-folder";
import { preprocessSpec } from "@labelfleet/models/preprocess-spec";
import { bundledModelIds, resolveModel } from "@labelfleet/models/registry";

/** Where a model's weights are. */
export type Whereabouts = "bundled" | "pulled" | "on the hub" | "a folder" | "none";

const bytesPerActivation = 4;

/** What a network costs, by stages. */
export interface Cost {
  parameters: number;
  multiplyAdds: number;
  activationBytes: number;
  stages: readonly StageCost[];
}

/** A model as `models list` and `models show` tell of it; null where a card would say it and there is none. */
export interface Description {
  id: string;
  architecture: string | null;
  weights: Whereabouts;
  inputPx: number;
  resizeShortSidePx: number | null;
  cropMode: "center" | "squash" | null;
  interpolation: ModelCard["interpolation"] | null;
  mean: readonly number[];
  std: readonly number[];
  activation: ModelCard["activation"] | null;
  numClasses: number;
  parameters: number | null;
  multiplyAdds: number | null;
  /** Of the largest moment of one image, in float32. */
  activationBytes: number | null;
  /** Training only. */
  dropout: number | null;
  dropConnect: number | null;
  stages: readonly StageCost[] | null;
  license: string | null;
  source: string | null;
  sha256: string | null;
}

/** A model with its card: bundled, pulled or a folder. */
export function describeModel({ card, sha256 }: Model, weights: Whereabouts): Description {
  const { architecture, inputPx, numClasses, mean, std, activation, interpolation, license, source } = card;
  return {
    id: card.id,
    architecture: architecture ?? null,
    weights,
    inputPx,
    resizeShortSidePx: preprocessSpec(card).resizeShortSidePx,
    cropMode: card.cropMode ?? "center",
    ...{ interpolation, mean, std, activation, numClasses },
    ...(architecture === undefined
      ? { ...withoutNetwork, multiplyAdds: card.multiplyAdds ?? null }
      : networkOf(architecture, inputPx, numClasses)),
    ...{ license, source, sha256 },
  };
}

const withoutNetwork = {
  ...{ parameters: null, multiplyAdds: null, activationBytes: null, dropout: null, dropConnect: null, stages: null },
};

/** An architecture as the table has it, without weights: of a short name that was not pulled, or timm's name itself. */
export function describeArchitecture(architecture: string, id: string, repo: string | null): Description {
  const { inputPx, normalisation } = variantOf(architecture);
  const numClasses = 1000;
  return {
    ...{ id, architecture, weights: repo === null ? "none" : "on the hub", inputPx },
    ...{ resizeShortSidePx: null, cropMode: null, interpolation: null, ...normalisation, activation: null, numClasses },
    ...networkOf(architecture, inputPx, numClasses),
    ...{ license: null, source: repo && `hf:${repo}`, sha256: null },
  };
}

function networkOf(architecture: string, inputPx: number, numClasses: number) {
  const { parameters, multiplyAdds, peakActivations } = totalCost(architecture, inputPx, numClasses);
  const { dropout, dropConnect } = variantOf(architecture);
  return {
    ...{ parameters, multiplyAdds, activationBytes: peakActivations * bytesPerActivation, dropout, dropConnect },
    stages: stageCosts(architecture, inputPx, numClasses),
  };
}

/** What `name` is, without pulling anything: a model, else a short name or an architecture. @throws MODEL_UNKNOWN, MODEL_INVALID */
export async function describeByName(name: string, cacheDir: string): Promise<Description> {
  if ((await bundledModelIds()).includes(name)) return describeModel(await resolveModel(name), "bundled");
  const source = parseHubSource(name);
  const pulled = source && (await pulledModel(source, cacheDir));
  if (pulled) return describeModel(pulled, "pulled");
  if (source?.architecture !== undefined) return describeArchitecture(source.architecture, source.id, source.repo);
  if (architectureNames.includes(name)) return describeArchitecture(name, name, null);
  return describeModel(await resolveModel(name), "a folder");
}
