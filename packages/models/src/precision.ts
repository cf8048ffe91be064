import type { Precision } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { ModelCard } from "./model-card.js";

/** What a model computes in where nobody asks: its weights' own precision. */
export function ownPrecision(card: ModelCard): Precision {
  return card.quantized === undefined ? "fp32" : "int8";
}

/**
 * What a model is to compute in.
 *
 * @param asked null when the user leaves it to the model
 * @throws LabelfleetError USAGE when the model cannot be had in it
 */
export function precisionFor(card: ModelCard, asked: Precision | null): Precision {
  const own = ownPrecision(card);
  if (asked === null || asked === own) return own;
  const refused = (what: string) => new LabelfleetError("USAGE", `--precision ${asked}: ${what}`);
  if (asked === "int8") {
    throw refused(`${card.id} is not quantised; \`npx labelfleet models quantize\` makes a model that is`);
  }
  if (own === "int8") throw refused(`${card.id} is int8; leave the flag out, or name the model that it was made of`);
  if (card.architecture === undefined) throw refused(`${card.id} brings its own graph, which stays as it is`);
  return asked;
}
