import { join } from "node:path";
import type { Precision } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { checkActivation, checkNormalisation } from "./card-rules.js";
import { buildGraph, type OutputName } from "./efficientnet/graph.js";
import type { ModelCard } from "./model-card.js";
import { type Model, readWeights } from "./model-folder.js";
import { adaptOwnGraph } from "./own-graph.js";
import { ownPrecision } from "./precision.js";
import { Safetensors } from "./weights/safetensors.js";

/** What a graph is to compute, besides the model itself. */
export interface GraphForm {
  readonly outputs: readonly OutputName[];
  readonly precision: Precision;
}

/** How a graph of the user's own is looked at before it is used. */
export interface OwnGraphChecks {
  /** Runs the graph and gives the scores of a few images; without it, only the file is read. */
  readonly probe?: (graph: Uint8Array[], source: string) => Promise<readonly Float32Array[] | null>;
  /** One line where model.json contradicts the graph, or where something had to be assumed. */
  readonly warn?: (line: string) => void;
}

/**
 * A model's ONNX file in pieces: built from its architecture and weights, or its own graph made to take uint8 images.
 *
 * @throws LabelfleetError MODEL_INVALID when the weights are not the card's, do not fit the architecture, or the model's
 *   own graph cannot be had in this form
 */
export async function buildOnnx(
  model: Model,
  { outputs, precision }: GraphForm,
  { probe, warn }: OwnGraphChecks = {},
): Promise<Uint8Array[]> {
  const { card, folder } = model;
  const source = join(folder, card.weights.file);
  const { architecture, modelArgs, inputPx, mean, std, numClasses, activation } = card;
  if (architecture !== undefined) {
    if (precision === "int8") throw new LabelfleetError("MODEL_INVALID", `${source}: only quantised models are int8`);
    const cardPath = join(folder, "model.json");
    checkNormalisation(card, cardPath);
    checkActivation(activation, numClasses, cardPath);
    const weights = new Safetensors(await readWeights(model), source);
    const normalisation = { inputPx, mean, std };
    return buildGraph({
      ...{ architecture, modelArgs, ...normalisation, numClasses, activation, weights, outputs, precision },
    });
  }
  if (precision !== ownPrecision(card) || outputs[0] !== "probabilities") {
    throw new LabelfleetError("MODEL_INVALID", `${source}: an ONNX graph cannot be converted to ${precision}`);
  }
  const bytes = await readWeights(model);
  const asItIs: ModelCard = { ...card, output: { ...card.output, gives: "probabilities" } };
  const rows = probe ? await probe(adaptOwnGraph(bytes, asItIs, source, false), source) : null;
  return adaptOwnGraph(bytes, card, source, outputs.includes("embedding"), { rows, ...(warn && { warn }) });
}
