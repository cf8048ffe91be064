import { LabelfleetError } from "@labelfleet/shared/errors";
import type { SimulatedDevice } from "@labelfleet/shared/simulated-device";
import type { Session } from "./session.js";
import type { SimulatedMemory } from "./simulated-memory.js";
import { simulatedCallMs, simulatedJitter } from "./simulated-timing.js";

/** Bytes of an image that its made-up label depends on: enough to tell images apart, few enough to cost nothing. */
const sampledBytes = 64;
const embeddingLength = 8;

export interface SimulatedModel {
  inputPx: number;
  numClasses: number;
  embeddings: boolean;
  /** What the model takes of the device's memory, and what each image of a call does. */
  modelBytes: number;
  imageBytes: number;
}

/**
 * A session on a device that computes nothing and takes its time all the same: so much for each launch, so much for each image,
 * and out of memory beyond so many images at once or so many bytes, as a GPU behaves. Labels are made up from the pixels, so the
 * same image always has the same label. Selected by LABELFLEET_SIMULATED_DEVICE, to measure and test everything around the device.
 *
 * @throws INFERENCE_OUT_OF_MEMORY when the model does not fit beside the others
 */
export function openSimulatedSession(
  device: SimulatedDevice,
  memory: SimulatedMemory,
  { inputPx, numClasses, embeddings, modelBytes, imageBytes }: SimulatedModel,
): Session {
  const { memoryImages } = device;
  const pixelBytes = inputPx * inputPx * 3;
  let giveBack: (() => void) | null = memory.take(modelBytes, "the model");
  let freeMs = 0;

  /** A number an image, made of its pixels. */
  const compute = async (images: Uint8Array, imageCount: number): Promise<number[]> => {
    if (giveBack === null) throw new LabelfleetError("INFERENCE_FAILED", "the session is closed");
    if (imageCount > memoryImages) {
      const message = `the simulated device is out of memory: ${imageCount} images of ${inputPx} px, ${memoryImages} fit`;
      throw new LabelfleetError("INFERENCE_OUT_OF_MEMORY", message);
    }
    memory.check(imageBytes * imageCount, `a call of ${imageCount} images`);
    const callMs = simulatedCallMs(device, imageCount) * simulatedJitter(device, Math.random);
    // Against a schedule of its own, so that timers that fire late do not make the device slower than it says.
    freeMs = Math.max(freeMs, performance.now()) + callMs;
    await until(freeMs);
    return Array.from({ length: imageCount }, (_, i) => hash(images.subarray(i * pixelBytes, (i + 1) * pixelBytes)));
  };

  const scoresOf = (hashes: number[]): Float32Array<ArrayBuffer> => {
    const scores = new Float32Array(hashes.length * numClasses);
    for (const [i, value] of hashes.entries()) scores[i * numClasses + (value % numClasses)] = 1;
    return scores;
  };

  return {
    device: "simulated",
    inputPx,
    numClasses,
    embeddingLength: embeddings ? embeddingLength : null,
    run: async (images, imageCount) => scoresOf(await compute(images, imageCount)),
    runWithEmbeddings: async (images, imageCount) => {
      if (!embeddings) throw new LabelfleetError("INFERENCE_FAILED", "the model was opened without embeddings");
      const hashes = await compute(images, imageCount);
      const vectors = hashes.flatMap((value) => Array<number>(embeddingLength).fill((value % 1000) / 1000));
      return { scores: scoresOf(hashes), embeddings: Float32Array.from(vectors) };
    },
    warmUp: async (imageCount) => {
      await compute(new Uint8Array(imageCount * pixelBytes), imageCount);
    },
    close: async () => {
      giveBack?.();
      giveBack = null;
    },
  };
}

/** Timers may fire a millisecond or two early; nothing is answered before its time. */
async function until(atMs: number): Promise<void> {
  let leftMs = atMs - performance.now();
  do {
    await new Promise((resolve) => setTimeout(resolve, Math.ceil(leftMs)));
    leftMs = atMs - performance.now();
  } while (leftMs > 0);
}

/** FNV-1a, over bytes spread evenly. */
function hash(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  const step = Math.max(1, Math.floor(bytes.length / sampledBytes));
  for (let i = 0; i < bytes.length; i += step) state = Math.imul(state ^ bytes[i]!, 0x01000193);
  return state >>> 0;
}
