import { LabelfleetError } from "@labelfleet/shared/errors";
import type { ModelCard } from "./model-card.js";

type Numbers = readonly number[];

/** On the scale of 0 to 1 a mean is at most 1 and a standard deviation at most 0.5; some pipelines shift further. */
const largestOnUnitScale = 2;

/** What is wrong with mean and std of pixels that were not scaled to [0, 1], with the right numbers; null where nothing is. */
export function normalisationFault({ mean, std }: { mean: Numbers; std: Numbers }): string | null {
  if (![...mean, ...std].some(isLarge)) return null;
  const written = (numbers: Numbers) => numbers.map((number) => Number(number.toFixed(6))).join(",");
  const scaled = (numbers: Numbers) => written(numbers.map((number) => number / 255));
  const field = mean.some(isLarge) ? `mean ${written(mean)}` : `std ${written(std)}`;
  const rightMean = mean.some(isLarge) ? [`mean ${scaled(mean)}`] : [];
  // Pipelines that divide by nothing say 1.
  const rightStd = std.some(isLarge) || std.every((number) => number === 1) ? [`std ${scaled(std)}`] : [];
  const right = [...rightMean, ...rightStd].join(" and ");
  return `${field} is on a scale of 0 to 255, expected 0 to 1: divide by 255, which is ${right}`;
}

/**
 * Refuses mean and std on another scale: the network would see next to nothing of the image.
 *
 * @throws LabelfleetError MODEL_INVALID with the numbers on the right scale
 */
export function checkNormalisation(normalisation: { mean: Numbers; std: Numbers }, source: string): void {
  const fault = normalisationFault(normalisation);
  if (fault !== null) throw new LabelfleetError("MODEL_INVALID", `${source}: ${fault}`);
}

function isLarge(number: number): boolean {
  return Math.abs(number) > largestOnUnitScale;
}

/** @throws LabelfleetError MODEL_INVALID for a softmax over one class, which is 1 whatever the image */
export function checkActivation(activation: ModelCard["activation"], numClasses: number, source: string): void {
  if (activation !== "softmax" || numClasses > 1) return;
  throw new LabelfleetError(
    "MODEL_INVALID",
    `${source}: a softmax over one class gives 1 for every image; a network with one output takes the activation sigmoid`,
  );
}
