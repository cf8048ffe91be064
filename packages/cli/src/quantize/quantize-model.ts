import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { multiplyAdds } from "@labelfleet/models/efficientnet/cost";
import { networkGraph, type OutputName } from "@labelfleet/models/efficientnet/graph";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import type { ModelCard } from "@labelfleet/models/model-card";
import { type Model, readWeights } from "@labelfleet/models/model-folder";
import { encodeModel, type Graph } from "@labelfleet/models/onnx/model";
import { type Calibration, type Observed, Observer } from "@labelfleet/models/quantize/observe";
import { quantizeGraph } from "@labelfleet/models/quantize/quantize-graph";
import { Safetensors } from "@labelfleet/models/weights/safetensors";
import { openGraphOutputs } from "@labelfleet/runtime/graph-outputs";
import { openOnnxSession } from "@labelfleet/runtime/onnx-session";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { temporaryFolder } from "@labelfleet/shared/storage/scratch-errors";
import type { Agreement } from "./agreement.js";
import type { CalibrationPhotos } from "./calibration-photos.js";

export interface QuantizedModel {
  /** The ONNX file, in pieces. */
  readonly graph: Uint8Array[];
  readonly card: ModelCard;
  readonly agreement: Agreement;
}

const graphFile = "model.onnx";
const outputs: readonly OutputName[] = ["probabilities", "embedding"];

/**
 * The model in 8 bits, and how often its top label is the float model's.
 *
 * @param onImage called after each image that one of the networks saw, with how many are done and how many there are
 * @throws LabelfleetError USAGE when the model has no architecture to build from; MODEL_INVALID as building it does
 */
export async function quantizeModel(
  model: Model,
  photos: CalibrationPhotos,
  cacheDir: string,
  onImage: (done: number, all: number) => void,
): Promise<QuantizedModel> {
  const all = photos.toObserve.length + photos.toCompare.length;
  const folder = await temporaryFolder("labelfleet-quantize-");
  try {
    const float = await floatGraph(model);
    const calibration = await observe(float, model, photos.toObserve, folder, (done) => onImage(done, all));
    const graph = encodeModel(quantizeGraph(float, calibration));
    const quantizedPath = join(folder, graphFile);
    await writeFile(quantizedPath, graph);
    const floatPath = await ensureOnnx(model, { cacheDir });
    const same = await countSame([floatPath, quantizedPath], photos.toCompare, (done) =>
      onImage(photos.toObserve.length + done, all),
    );
    const agreement = { same, of: photos.toCompare.length };
    return { graph, agreement, card: cardOf(model, graph, photos.toObserve.length, agreement) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function floatGraph(model: Model): Promise<Graph> {
  const { architecture, modelArgs, inputPx, mean, std, numClasses, activation, id, weights: file } = model.card;
  if (architecture === undefined) {
    throw new LabelfleetError("USAGE", `${id} is an ONNX graph; only models with an architecture can be quantised`);
  }
  const weights = new Safetensors(await readWeights(model), join(model.folder, file.file));
  return networkGraph({
    architecture,
    modelArgs,
    inputPx,
    mean,
    std,
    numClasses,
    activation,
    weights,
    outputs,
    precision: "fp32",
  });
}

async function observe(
  float: Graph,
  { card }: Model,
  photos: readonly Uint8Array[],
  folder: string,
  onImage: (done: number) => void,
): Promise<Calibration> {
  const observer = new Observer(float);
  const path = join(folder, "observing.onnx");
  await writeFile(path, encodeModel(observer.graph));
  const observing = await openGraphOutputs(path, card.inputPx);
  try {
    for (const [i, photo] of photos.entries()) {
      observer.add((await observing.run(photo)) as unknown as Observed);
      onImage(i + 1);
    }
  } finally {
    await observing.close();
  }
  return observer.calibration();
}

/** On how many photos the graphs have the same top label. */
async function countSame(
  paths: readonly [string, string],
  photos: readonly Uint8Array[],
  onImage: (done: number) => void,
): Promise<number> {
  const opened = await Promise.all(paths.map((modelPath) => openOnnxSession({ modelPath, device: "cpu" })));
  try {
    let same = 0;
    for (const [i, photo] of photos.entries()) {
      const [left, right] = await Promise.all(opened.map(async ({ session }) => topOf(await session.run(photo, 1))));
      if (left === right) same += 1;
      onImage(i + 1);
    }
    return same;
  } finally {
    await Promise.all(opened.map(({ session }) => session.close()));
  }
}

function topOf(scores: Float32Array): number {
  return scores.reduce((top, score, index) => (score > scores[top]! ? index : top), 0);
}

/** A graph of one's own, as all of labelfleet takes it. */
function cardOf(model: Model, graph: Uint8Array[], calibrationImages: number, agreement: Agreement): ModelCard {
  const { architecture, modelArgs: _, ...card } = model.card;
  const hash = createHash("sha256");
  for (const piece of graph) hash.update(piece);
  return {
    ...card,
    id: `${card.id}-int8`,
    weights: { file: graphFile, sha256: hash.digest("hex") },
    input: { layout: "nhwc", type: "uint8" },
    output: { name: "probabilities", gives: "probabilities", embedding: "embedding" },
    multiplyAdds: multiplyAdds(architecture!, card.inputPx, card.numClasses),
    quantized: { sha256: model.sha256, calibrationImages, agreement },
    source: `${card.id} in 8 bits; ${card.source}`,
  };
}
