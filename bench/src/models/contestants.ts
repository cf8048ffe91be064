import { multiplyAdds, parameterCount } from "@labelfleet/models/efficientnet/cost";
import { buildGraph } from "@labelfleet/models/efficientnet/graph";
import { architectureNames, variantOf } from "@labelfleet/models/efficientnet/variants";
import { nearestNames } from "@labelfleet/models/nearest-names";
import { madeUpWeights } from "@labelfleet/models/test-support/made-up-weights";
import { Safetensors } from "@labelfleet/models/weights/safetensors";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { type Built, denseNet169, resNet50 } from "./yardsticks.js";

const yardsticks: Readonly<Record<string, (inputPx: number) => Built>> = {
  resnet50: resNet50,
  densenet169: denseNet169,
};
const yardstickPx = 224;

/** B0 to B7, and the two networks that the EfficientNet paper measures itself against. */
export const defaultContestants: readonly string[] = [
  ...Array.from({ length: 8 }, (_, phi) => `efficientnet_b${phi}`),
  ...Object.keys(yardsticks),
];

export interface Contestant extends Built {
  readonly name: string;
  readonly inputPx: number;
}

/** A network at the resolution that it is made for, with made-up weights: time does not depend on them. @throws USAGE */
export function contestantOf(name: string): Contestant {
  const yardstick = yardsticks[name];
  if (yardstick) return { name, inputPx: yardstickPx, ...yardstick(yardstickPx) };
  checkContestant(name);
  const { inputPx, normalisation } = variantOf(name);
  const pieces = buildGraph({
    ...{ architecture: name, inputPx, ...normalisation, numClasses: 1000, activation: "softmax" },
    ...{ weights: new Safetensors(madeUpWeights(name), name), outputs: ["probabilities"], precision: "fp32" },
  });
  return { name, inputPx, pieces, parameters: parameterCount(name), multiplyAdds: multiplyAdds(name, inputPx) };
}

export function checkContestant(name: string): void {
  const known = [...architectureNames, ...Object.keys(yardsticks)];
  if (known.includes(name)) return;
  throw new LabelfleetError(
    "USAGE",
    `--models: no "${name}"; expected one of ${(nearestNames(name, known).length > 0 ? nearestNames(name, known) : known).join(", ")}`,
  );
}
