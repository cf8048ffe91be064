import { type DecodedImage, type DecodeOptions, newMemory, type TakeMemory } from "@labelfleet/imaging/decode";
import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import pLimit from "p-limit";
import { decoderEntry } from "./decoder-entry.js";
import { type Answer, DecoderProcess } from "./decoder-process-handle.js";

/** An image is blamed when this many decoders died of it; one may also die of what else happens on a machine. */
const deathsToBlame = 2;

/**
 * A decoder that had nothing to do for this long is ended; its memory is better used by the fast path. Long enough that of a
 * few bad images in a thousand not each starts one.
 */
const defaultIdleMs = 60_000;

/**
 * Decodes image by image in a child process, so that whatever an image does to a decoder is known to be its doing, and
 * ends by the kill of a process. The process starts with the first image, and again after it died.
 */
export class IsolatedDecoder {
  readonly #entry: URL;
  readonly #idleMs: number;
  readonly #oneAtATime = pLimit(1);
  #process: DecoderProcess | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: { entry?: URL; idleMs?: number } = {}) {
    this.#entry = options.entry ?? decoderEntry;
    this.#idleMs = options.idleMs ?? defaultIdleMs;
  }

  /**
   * As decodeForModels, with the deadline kept by force.
   *
   * @throws DECODE_TIMEOUT, DECODE_CRASHED, what decodeForModels throws; WORKER_DIED when no decoder can be started
   */
  decode(
    bytes: Uint8Array,
    specs: readonly PreprocessSpec[],
    options: DecodeOptions & { timeoutMs: number },
    takeMemory: TakeMemory = newMemory,
  ): Promise<DecodedImage> {
    return this.#oneAtATime(async () => {
      clearTimeout(this.#idleTimer);
      try {
        return await this.#decode(bytes, specs, options, takeMemory);
      } finally {
        this.#idleTimer = setTimeout(() => this.#end(), this.#idleMs).unref();
      }
    });
  }

  /** Ends the process; what it was decoding fails. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    this.#end();
  }

  async #decode(
    bytes: Uint8Array,
    specs: readonly PreprocessSpec[],
    options: DecodeOptions & { timeoutMs: number },
    takeMemory: TakeMemory,
  ): Promise<DecodedImage> {
    for (let deaths = 1; ; deaths++) {
      const answer = await (await this.#start()).ask({ bytes, specs, options }, options.timeoutMs);
      if (answer.type === "decoded")
        return { ...answer, pixels: answer.pixels.map((pixels) => copy(pixels, takeMemory)) };
      if (answer.type === "failed") throw new LabelfleetError(answer.code, answer.message);
      this.#end();
      if (answer.type === "late")
        throw new LabelfleetError("DECODE_TIMEOUT", `not decoded within ${options.timeoutMs} ms`);
      if (this.#closed) throw new LabelfleetError("WORKER_DIED", "the worker is ending");
      if (deaths === deathsToBlame) throw crashed(answer);
    }
  }

  async #start(): Promise<DecoderProcess> {
    if (this.#closed) throw new LabelfleetError("WORKER_DIED", "the worker is ending");
    if (this.#process === undefined || this.#process.hasEnded) this.#process = await DecoderProcess.start(this.#entry);
    return this.#process;
  }

  #end(): void {
    this.#process?.kill();
    this.#process = undefined;
  }
}

function crashed({ how }: Answer & { type: "died" }): LabelfleetError {
  return new LabelfleetError("DECODE_CRASHED", `the decoder died of this image ${deathsToBlame} times (${how})`);
}

function copy(pixels: Uint8Array, takeMemory: TakeMemory): Uint8Array<ArrayBuffer> {
  const own = new Uint8Array(takeMemory(pixels.byteLength));
  own.set(pixels);
  return own;
}
