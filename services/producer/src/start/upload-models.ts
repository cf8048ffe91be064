import { type Model, modelDocument, modelFiles, readWeights } from "@labelfleet/models/model-folder";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { putFirst } from "@labelfleet/shared/storage/put-first";

/**
 * Puts each model's folder to `<prefix>models/<sha256>/`, so that workers elsewhere use exactly these weights. The card goes
 * last: where it lies, the model is complete, and nothing is sent again.
 *
 * @throws MODEL_INVALID when the weights are not those of the card, and what the store rejects with
 */
export async function uploadModels(store: ObjectStore, prefix: string, models: Model[]): Promise<void> {
  for (const model of models) {
    const [card = "model.json", ...rest] = modelFiles(model);
    const keyOf = (file: string) => `${prefix}models/${model.sha256}/${file}`;
    if ((await store.head(keyOf(card))) !== null) continue;
    for (const file of [...rest, card]) {
      const isWeights = file === model.card.weights.file;
      const body = isWeights ? await readWeights(model) : Buffer.from(modelDocument(model, file));
      // The key names its content, so whoever was first wrote the same bytes.
      await putFirst(store, keyOf(file), body, isWeights ? "application/octet-stream" : "application/json");
    }
  }
}
