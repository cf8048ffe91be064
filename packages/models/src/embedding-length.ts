import { join } from "node:path";
import { networkOf } from "./efficientnet/network.js";
import { type Model, readWeights } from "./model-folder.js";

/**
 * How many numbers an embedding of the model has; 0 where it gives none. Of a graph of the user's own the file is read.
 *
 * @throws MODEL_INVALID when the graph does not say
 */
export async function embeddingLength(model: Model): Promise<number> {
  const { card, folder } = model;
  if (card.architecture !== undefined) return networkOf(card.architecture, card.modelArgs).classifier.inFeatures;
  if (card.output?.embedding === undefined) return 0;
  // Paid only by runs of such models.
  const [{ readOnnxModel }, { lengthOf, ownGraphShape }] = await Promise.all([
    import("./onnx/read-model.js"),
    import("./own-graph.js"),
  ]);
  const source = join(folder, card.weights.file);
  const { embedding } = ownGraphShape(readOnnxModel(await readWeights(model), source), card, source);
  return embedding === null ? 0 : lengthOf(embedding, source);
}
