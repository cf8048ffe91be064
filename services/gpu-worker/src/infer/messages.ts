import type { ModelMemory } from "@labelfleet/models/memory";
import type { DeviceChoice } from "@labelfleet/shared/contract/run-spec";
import type { ErrorCode } from "@labelfleet/shared/errors";
import type { SimulatedDevice } from "@labelfleet/shared/simulated-device";

/** What an infer thread is started with. */
export interface InferThreadData {
  device: DeviceChoice;
  /** Used instead of any real device when given. */
  simulated?: SimulatedDevice | null;
}

export interface ModelToLoad {
  modelKey: string;
  modelPath: string;
  /** The model's id, for messages. */
  name?: string;
  inputPx: number;
  numClasses: number;
  embeddings: boolean;
  /** Fewer where so many do not fit. */
  warmUpImages: number;
  /** What the model takes of the device's memory, and what each image of a call does; estimates. */
  memory: ModelMemory;
}

/** Main thread to infer thread. Images are moved, not copied: uint8 [inputPx, inputPx, 3] each. */
export type ToInfer =
  | { type: "load"; model: ModelToLoad }
  | { type: "unload"; modelKey: string }
  | { type: "close" }
  | { type: "infer"; id: number; modelKey: string; images: ArrayBuffer[]; topK: number };

export interface RankedClass {
  index: number;
  probability: number;
}

/** Infer thread to main thread. The images come back, so that their memory is used again. */
export type FromInfer =
  | { type: "ready" }
  | { type: "start-failed"; code: ErrorCode; message: string }
  | { type: "loaded"; modelKey: string; device: string; fallbackReason: string | null }
  | { type: "load-failed"; modelKey: string; code: ErrorCode; message: string }
  | {
      type: "inferred";
      id: number;
      ranked: RankedClass[][];
      embeddings: Float32Array[] | null;
      busyMs: number;
      images: ArrayBuffer[];
    }
  | { type: "infer-failed"; id: number; code: ErrorCode; message: string; images: ArrayBuffer[] };
