import { Worker } from "node:worker_threads";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { within } from "@labelfleet/shared/shutdown";
import { endThread } from "../threads.js";
import type { FromInfer, InferThreadData, ModelToLoad, RankedClass, ToInfer } from "./messages.js";

export type InferOutcome = ({ ok: true } & Inferred) | { ok: false; error: LabelfleetError; images: ArrayBuffer[] };

interface Inferred {
  /** Per image, most probable first. */
  ranked: RankedClass[][];
  /** Per image, of a model that was loaded with them. */
  embeddings: Float32Array[] | null;
  busyMs: number;
  /** The images' memory, to be used again. */
  images: ArrayBuffer[];
}

/** Loading and warming up a model may take this many times as long as a batch. */
const loadFactor = 5;
const checksPerTimeout = 10;

export const inferEntry = new URL("./infer-thread.js", import.meta.url);

export interface InferThreadOptions {
  data: InferThreadData;
  /** A batch that takes longer has met a device that hangs; the thread counts as dead then. */
  timeoutMs: number;
  onDied: (error: LabelfleetError) => void;
  /** The thread's program. */
  entry?: URL;
}

interface Pending {
  resolve: (outcome: InferOutcome) => void;
  reject: (error: LabelfleetError) => void;
}

export interface LoadedOn {
  device: string;
  fallbackReason: string | null;
}

/** Loading a large model takes seconds. */
const finishMs = 10_000;

/** The main thread's side of one infer thread. */
export class InferThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #loading = new Map<string, { resolve: (on: LoadedOn) => void; reject: (error: LabelfleetError) => void }>();
  readonly loaded = new Set<string>();
  readonly #timeoutMs: number;
  readonly #checkTimer: NodeJS.Timeout;
  readonly #onDied: (error: LabelfleetError) => void;
  /** Resolves when it takes models; rejects with DEVICE_UNAVAILABLE when the device was asked for by name, or WORKER_DIED. */
  readonly started: Promise<void>;
  #starting!: { resolve: () => void; reject: (error: LabelfleetError) => void };
  /** Whether it begins with a device that was asked for by name. */
  #opensDevice: boolean;
  /** Checks since it last answered, or began something. Not a time: while the process is stopped, nobody can answer. */
  #checksInSilence = 0;
  #nextId = 0;
  /** Why it takes no more work: it died, or is closed. */
  #ended: LabelfleetError | null = null;

  constructor({ data, timeoutMs, onDied, entry = inferEntry }: InferThreadOptions) {
    this.#timeoutMs = timeoutMs;
    this.#opensDevice = data.device === "cuda";
    this.#onDied = onDied;
    this.started = new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
    // Not everybody waits for its start; `onDied` tells that it failed.
    this.started.catch(() => undefined);
    this.#worker = new Worker(entry, { workerData: data });
    this.#worker.on("message", (message: FromInfer) => this.#receive(message));
    this.#worker.on("error", (error) => this.#died(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", (code) => this.#died(`exit code ${code}`));
    this.#checkTimer = setInterval(() => this.#check(), timeoutMs / checksPerTimeout).unref();
  }

  /** Batches handed over and not answered yet. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** @throws MODEL_INVALID, DEVICE_UNAVAILABLE, as the session does; WORKER_DIED */
  load(model: ModelToLoad): Promise<LoadedOn> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#loading.set(model.modelKey, { resolve, reject });
      this.#send({ type: "load", model });
    });
  }

  unload(modelKey: string): void {
    this.loaded.delete(modelKey);
    this.#send({ type: "unload", modelKey });
  }

  /** Rejects only when the thread dies or is closed; a failure gives the images back. @throws WORKER_DIED */
  infer(modelKey: string, images: ArrayBuffer[], topK: number): Promise<InferOutcome> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send({ type: "infer", id, modelKey, images, topK }, images);
    });
  }

  /**
   * Lets the thread finish what it does: ended in the middle of native code, it would take the process with it. Returns
   * whether the thread could be ended.
   */
  async close(): Promise<boolean> {
    const isDead = this.#ended !== null;
    const reason = this.#ended ?? new LabelfleetError("WORKER_DIED", "an inference thread is closed");
    this.#ended = reason;
    clearInterval(this.#checkTimer);
    if (!isDead) {
      const ended = new Promise<void>((resolve) => this.#worker.once("exit", () => resolve()));
      this.#send({ type: "close" });
      await within(finishMs, ended);
    }
    const hasEnded = await endThread(this.#worker);
    this.#rejectAll(reason);
    return hasEnded;
  }

  #rejectAll(reason: LabelfleetError): void {
    for (const waiting of [...this.#pending.values(), ...this.#loading.values()]) waiting.reject(reason);
    this.#starting.reject(reason);
    this.#pending.clear();
    this.#loading.clear();
  }

  #died(reason: string): void {
    if (this.#ended !== null) return;
    this.#end(new LabelfleetError("WORKER_DIED", `an inference thread ended: ${reason}`));
  }

  #end(error: LabelfleetError): void {
    clearInterval(this.#checkTimer);
    this.#ended = error;
    this.#rejectAll(error);
    this.#onDied(error);
  }

  #check(): void {
    const isLoading = this.#loading.size > 0 || this.#opensDevice;
    if (this.#pending.size === 0 && !isLoading) return;
    this.#checksInSilence += 1;
    const factor = isLoading ? loadFactor : 1;
    if (this.#checksInSilence > checksPerTimeout * factor) this.#died(`no answer for ${this.#timeoutMs * factor} ms`);
  }

  #send(message: ToInfer, transfer: ArrayBuffer[] = []): void {
    if (this.#pending.size + this.#loading.size <= 1) this.#checksInSilence = 0;
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromInfer): void {
    this.#checksInSilence = 0;
    switch (message.type) {
      case "ready":
        this.#opensDevice = false;
        this.#starting.resolve();
        return;
      case "start-failed":
        this.#end(new LabelfleetError(message.code, message.message));
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
        this.#take(message.id)?.resolve({ ok: true, ...message });
        return;
      }
      case "infer-failed": {
        const error = new LabelfleetError(message.code, message.message);
        this.#take(message.id)?.resolve({ ok: false, error, images: message.images });
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
