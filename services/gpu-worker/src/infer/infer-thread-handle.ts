import { Worker } from "node:worker_threads";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { FromInfer, InferThreadData, RankedClass, ToInfer } from "./messages.js";

export interface Inferred {
  /** Per image, most probable first. */
  ranked: RankedClass[][];
  /** Per image, of a model that was loaded with them. */
  embeddings: Float32Array[] | null;
  busyMs: number;
  /** The images' memory, to be used again. */
  images: ArrayBuffer[];
}

interface Pending {
  resolve: (inferred: Inferred) => void;
  reject: (error: LabelfleetError) => void;
}

export interface LoadedOn {
  device: string;
  fallbackReason: string | null;
}

/** The main thread's side of one infer thread. */
export class InferThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #loading = new Map<string, { resolve: (on: LoadedOn) => void; reject: (error: LabelfleetError) => void }>();
  readonly loaded = new Set<string>();
  #nextId = 0;
  #closing = false;

  constructor(data: InferThreadData, onDied: (error: LabelfleetError) => void) {
    this.#worker = new Worker(new URL("./infer-thread.js", import.meta.url), { workerData: data });
    this.#worker.on("message", (message: FromInfer) => this.#receive(message));
    const died = (reason: string) => {
      if (this.#closing) return;
      this.#closing = true;
      const error = new LabelfleetError("WORKER_DIED", `an inference thread ended: ${reason}`);
      for (const waiting of [...this.#pending.values(), ...this.#loading.values()]) waiting.reject(error);
      this.#pending.clear();
      onDied(error);
    };
    this.#worker.on("error", (error) => died(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", (code) => died(`exit code ${code}`));
  }

  /** Batches handed over and not answered yet. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** @throws MODEL_INVALID, DEVICE_UNAVAILABLE, as the session does */
  load(modelKey: string, modelPath: string, warmUpImages: number): Promise<LoadedOn> {
    return new Promise((resolve, reject) => {
      this.#loading.set(modelKey, { resolve, reject });
      this.#send({ type: "load", modelKey, modelPath, warmUpImages });
    });
  }

  unload(modelKey: string): void {
    this.loaded.delete(modelKey);
    this.#send({ type: "unload", modelKey });
  }

  infer(modelKey: string, images: ArrayBuffer[], topK: number): Promise<Inferred> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send({ type: "infer", id, modelKey, images, topK }, images);
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#worker.terminate();
  }

  #send(message: ToInfer, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromInfer): void {
    switch (message.type) {
      case "ready":
        return;
      case "loaded": {
        this.loaded.add(message.modelKey);
        this.#loading.get(message.modelKey)?.resolve(message);
        this.#loading.delete(message.modelKey);
        return;
      }
      case "load-failed": {
        this.#loading.get(message.modelKey)?.reject(new LabelfleetError(message.code, message.message));
        this.#loading.delete(message.modelKey);
        return;
      }
      case "inferred": {
        this.#take(message.id)?.resolve(message);
        return;
      }
      case "infer-failed": {
        this.#take(message.id)?.reject(new LabelfleetError(message.code, message.message));
        return;
      }
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
