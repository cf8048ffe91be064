import { Worker } from "node:worker_threads";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { FromLoader, LoadCost, LoadedImage, LoaderThreadData, LoadRequest, ToLoader } from "./messages.js";

export type LoadOutcome =
  | { ok: true; image: LoadedImage; cost: LoadCost }
  | { ok: false; error: LabelfleetError; cost: LoadCost };

interface LoaderThread {
  worker: Worker;
  pending: Map<number, { resolve: (outcome: LoadOutcome) => void; reject: (error: Error) => void }>;
}

/** The loader threads of a worker. How many images are in them at once is the caller's to bound. */
export class LoaderPool {
  readonly #threads: LoaderThread[];
  #nextId = 0;
  #closing = false;

  constructor(options: { threads: number; perThread: LoaderThreadData; onDied: (error: Error) => void }) {
    this.#threads = Array.from({ length: options.threads }, () => this.#start(options.perThread, options.onDied));
  }

  /** Fetches and decodes one image. Rejects only when the thread dies; what is wrong with the image is an outcome. */
  load(request: LoadRequest): Promise<LoadOutcome> {
    const thread = this.#threads.reduce((best, next) => (next.pending.size < best.pending.size ? next : best));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      thread.pending.set(id, { resolve, reject });
      const message: ToLoader = { type: "load", id, request };
      thread.worker.postMessage(message);
    });
  }

  /** Gives the memory of images back to a loader that may use it again. */
  recycle(buffers: ArrayBuffer[]): void {
    const thread = this.#threads[this.#nextId % this.#threads.length]!;
    const message: ToLoader = { type: "recycle", buffers };
    thread.worker.postMessage(message, buffers);
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(data: LoaderThreadData, onDied: (error: Error) => void): LoaderThread {
    const worker = new Worker(new URL("./loader-thread.js", import.meta.url), { workerData: data });
    const thread: LoaderThread = { worker, pending: new Map() };
    worker.on("message", (message: FromLoader) => {
      if (message.type === "ready") return;
      const waiting = thread.pending.get(message.id);
      thread.pending.delete(message.id);
      if (message.type === "loaded") waiting?.resolve({ ok: true, image: message.image, cost: message.cost });
      else {
        const error = new LabelfleetError(message.code, message.message);
        waiting?.resolve({ ok: false, error, cost: message.cost });
      }
    });
    const died = (reason: string) => {
      if (this.#closing) return;
      const error = new LabelfleetError("WORKER_DIED", `a loader thread ended: ${reason}`);
      for (const waiting of thread.pending.values()) waiting.reject(error);
      thread.pending.clear();
      onDied(error);
    };
    worker.on("error", (error) => died(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => died(`exit code ${code}`));
    return thread;
  }
}
