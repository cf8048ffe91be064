import { DecodeMemory } from "../decode/decode-memory.js";
import { decoderEntry } from "../decode/decoder-entry.js";
import { LoaderThread, type LoadOutcome } from "./loader-thread-handle.js";
import type { LoaderThreadData, LoadRequest } from "./messages.js";
import { type SlowRead, toldReads } from "./reads-under-way.js";

/** The programs that decode: threads that call serveLoads, processes that call serveDecodes. */
export interface DecodeEntries {
  loaderThread: URL;
  decoderProcess: URL;
}

export const decodeEntries: DecodeEntries = {
  loaderThread: new URL("./loader-thread.js", import.meta.url),
  decoderProcess: decoderEntry,
};

export interface LoaderPoolOptions {
  threads: number;
  perThread: Omit<LoaderThreadData, "decoderEntry">;
  /** What large decodes of all threads may take of memory at once. */
  maxDecodeBytesAtOnce: number;
  entries?: DecodeEntries;
  onDied: (error: Error) => void;
}

/** The loader threads of a worker. How many images are in them at once is the caller's to bound. */
export class LoaderPool {
  readonly #threads: LoaderThread[];
  /** Not more than was in flight since the last image was asked for. */
  readonly #recycled: ArrayBuffer[] = [];

  constructor({ threads, perThread, maxDecodeBytesAtOnce, entries = decodeEntries, onDied }: LoaderPoolOptions) {
    const data = { ...perThread, decoderEntry: entries.decoderProcess.href };
    const decodeMemory = new DecodeMemory(maxDecodeBytesAtOnce);
    this.#threads = Array.from(
      { length: threads },
      () => new LoaderThread(entries.loaderThread, data, onDied, { decodeMemory }),
    );
  }

  /** Says which input is read next, so that its store is open by then. */
  open(input: string): void {
    for (const thread of this.#threads) thread.open(input);
  }

  /** Fetches and decodes one image. Rejects only when the thread dies; what is wrong with the image is an outcome. */
  load(request: LoadRequest): Promise<LoadOutcome> {
    const idlest = this.#threads.reduce((best, next) => (next.inFlight < best.inFlight ? next : best));
    return idlest.load(request, this.#recycled.splice(0));
  }

  /** Objects that are being read for long, the oldest first. */
  get slowReads(): SlowRead[] {
    const slow = this.#threads.flatMap((thread) => thread.slowReads);
    return slow.sort((a, b) => b.forMs - a.forMs).slice(0, toldReads);
  }

  /** Gives the memory of images back, to the loader of the next image. */
  recycle(buffers: readonly ArrayBuffer[]): void {
    this.#recycled.push(...buffers);
  }

  /** Whether every thread could be ended. */
  async close(): Promise<boolean> {
    return (await Promise.all(this.#threads.map((thread) => thread.close()))).every((ended) => ended);
  }
}
