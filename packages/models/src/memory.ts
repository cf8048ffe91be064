import type { Precision } from "@labelfleet/shared/contract/run-spec";
import { totalCost } from "./efficientnet/cost.js";
import type { ModelCard } from "./model-card.js";

/** What a loaded model takes of its device's memory, estimated. */
export interface ModelMemory {
  /** Of the model itself. */
  readonly modelBytes: number;
  /** Of each image of a call. */
  readonly imageBytes: number;
}

/** Of activations. Between its layers an int8 graph has bytes, within some of them floats: not measured, so as float32. */
const bytesPerNumber: Record<Precision, number> = { fp32: 4, fp16: 2, int8: 4 };

/**
 * Measured on onnxruntime's CPU provider (bench/results/models.json, batch 1 against 32), of B0 to B7: each image takes 3.7 to
 * 5.5 times the largest activations that must lie in memory at once, because its arena rounds up and keeps what it had.
 */
const imageFactor = 6;
/** There, too, a loaded model takes 2.1 to 2.4 times its weights: the kernels' own layout lies beside the file's. */
const modelFactor = 2.5;
/** Of a graph that nothing is known of. ResNet-50 took 50, DenseNet-169 125, B7 299. */
const numbersPerPixel = 128;

/**
 * @param weightsBytes of the ONNX file
 * @throws MODEL_INVALID on an unknown architecture
 */
export function modelMemory(
  { architecture, inputPx, numClasses }: Pick<ModelCard, "architecture" | "inputPx" | "numClasses">,
  weightsBytes: number,
  precision: Precision,
): ModelMemory {
  const numbers =
    architecture === undefined
      ? numbersPerPixel * inputPx ** 2
      : imageFactor * totalCost(architecture, inputPx, numClasses).peakActivations;
  return { modelBytes: modelFactor * weightsBytes, imageBytes: bytesPerNumber[precision] * numbers };
}

/** The largest batch that fits a memory beside the model itself; 0 where not even one image does. */
export function largestBatchIn(memoryBytes: number, { modelBytes, imageBytes }: ModelMemory): number {
  return Math.max(0, Math.floor((memoryBytes - modelBytes) / imageBytes));
}
