import type { DecodeOptions, decodeForModels } from "@labelfleet/imaging/decode";
import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import type { ErrorCode } from "@labelfleet/shared/errors";

/** Decodes one image: imaging's own, or what a test puts in its place. */
export type DecodeImage = typeof decodeForModels;

/** Loader thread to decoder process: one image, answered before the next is sent. */
export interface ToDecoder {
  bytes: Uint8Array;
  specs: readonly PreprocessSpec[];
  options: DecodeOptions;
}

/** Decoder process to loader thread. */
export type FromDecoder =
  | { type: "ready" }
  | { type: "decoded"; widthPx: number; heightPx: number; pixels: Uint8Array[] }
  | { type: "failed"; code: ErrorCode; message: string };
