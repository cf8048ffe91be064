import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import type { ImageLimits } from "@labelfleet/shared/contract/run-spec";
import type { ErrorCode } from "@labelfleet/shared/errors";
import type { GetOptions } from "@labelfleet/shared/storage/object-store";
import type { S3Settings } from "@labelfleet/shared/storage/s3-settings";
import type { SlowRead } from "./reads-under-way.js";

/** What a loader thread is started with. */
export interface LoaderThreadData {
  fetchSlots: number;
  decodeSlots: number;
  /** Unset: the thread reads the environment, for which it loads a parser. */
  s3?: S3Settings;
  /** The most that decoding one image may take of memory. */
  maxDecodeBytes: number;
  /** The program of the decoder process, as a URL's text. */
  decoderEntry: string;
}

export interface LoadRequest {
  runId: string;
  /** The run's input, as in run.json. */
  input: string;
  key: string;
  etag: string;
  /** What else the listing said of the object; compared with what is read. */
  listed?: GetOptions["listed"];
  /** One output per spec, in this order. */
  specs: PreprocessSpec[];
  limits: ImageLimits;
  /** What transparent pixels are put on, as in run.json. */
  background: string | null;
  /** What the reading may take in all, and 4 s more for each MiB. */
  maxReadMs: number;
  /** Decoded in a process of its own, because its batch may hold an image that kills decoders. */
  isolated: boolean;
}

export interface LoadedImage {
  widthPx: number;
  heightPx: number;
  /** Per spec: uint8 RGB [inputPx, inputPx, 3]. */
  pixels: ArrayBuffer[];
}

/** How long the image took in each stage, and what was read; known for failures too. */
export interface LoadCost {
  fetchMs: number;
  decodeMs: number;
  bytesRead: number;
  /** The object's, where the listing had none that can be compared. */
  etag?: string;
}

/**
 * Main thread to loader thread. `load` gives the memory of inferred images back, `may-decode` answers `wants-memory`, `open` says which input is read next, `ping` asks
 * whether the thread still turns and what it reads for long, `close` to end its decoder process.
 */
export type ToLoader =
  | { type: "load"; id: number; request: LoadRequest; recycled: ArrayBuffer[] }
  | { type: "may-decode"; id: number }
  | { type: "open"; input: string }
  | { type: "ping" }
  | { type: "close" };

/** Loader thread to main thread. An image that takes much memory asks for it, and says when its decoder has let go of it. */
export type FromLoader =
  | { type: "ready" }
  | { type: "pong"; slowReads: SlowRead[] }
  | { type: "closed" }
  | { type: "wants-memory"; id: number; bytes: number }
  | { type: "needs-no-memory"; id: number }
  | { type: "loaded"; id: number; image: LoadedImage; cost: LoadCost }
  | { type: "load-failed"; id: number; code: ErrorCode; message: string; cost: LoadCost };
