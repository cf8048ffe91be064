import { multiplyAdds } from "@labelfleet/models/efficientnet/cost";
import type { Model } from "@labelfleet/models/model-folder";
import { precisionFor } from "@labelfleet/models/precision";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { version } from "@labelfleet/shared/version";
import { estimateBatchImages } from "../partition/batch-size.js";
import type { Peek } from "./peek.js";
import type { PrepareOptions } from "./prepare-run.js";

/** Assumed for a graph of one's own whose card does not say: about EfficientNet-B1 at 240 pixels. */
const unknownMultiplyAdds = 0.7e9;

/** The part of run.json that never changes. `input`, `output` and `since` are formatted addresses. */
export function frozenSpecOf(
  options: PrepareOptions & {
    since: string | null;
    conditionalPut: boolean;
    peek: Peek;
    /** Of a batch whose records fit a worker's memory. */
    mostImages: number;
    now: Date;
  },
): RunSpec["frozen"] {
  const {
    input,
    output,
    filters,
    since,
    topK,
    format,
    device,
    conditionalPut,
    peek,
    embeddings,
    threshold,
    background,
  } = options;
  const batchImages =
    options.batchImages ??
    Math.min(
      options.mostImages,
      estimateBatchImages({
        multiplyAddsPerImage: options.models.reduce((sum, model) => sum + multiplyAddsOf(model), 0),
        device: options.expectedDevice ?? (device === "cuda" ? "cuda" : "cpu"),
        listedImages: peek.isAll ? peek.entries.length : null,
        workers: options.workersExpected,
      }),
    );
  return {
    input,
    output,
    filters,
    models: options.models.map(({ card, sha256 }) => ({
      id: card.id,
      sha256,
      weightsSha256: card.weights.sha256,
      precision: precisionFor(card, options.precision),
    })),
    since,
    topK,
    threshold,
    background,
    embeddings,
    mergeEqualObjects: options.mergeEqualObjects ?? false,
    format,
    batchImages,
    device,
    conditionalPut,
    created: options.now.toISOString(),
    version,
  };
}

function multiplyAddsOf({ card }: Model): number {
  if (card.architecture === undefined) return card.multiplyAdds ?? unknownMultiplyAdds;
  return multiplyAdds(card.architecture, card.inputPx, card.numClasses);
}
