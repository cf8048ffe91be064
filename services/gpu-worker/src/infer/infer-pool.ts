import { disableTelemetry } from "@labelfleet/runtime/telemetry";
import { type Inferred, InferThread, type LoadedOn } from "./infer-thread-handle.js";
import type { InferThreadData, ModelToLoad } from "./messages.js";

/** A running batch and the next one: the thread never waits for the main thread between two. */
const batchesPerThread = 2;

export interface InferPoolOptions extends InferThreadData {
  threads: number;
  /** What one batch may take before its thread counts as dead. */
  timeoutMs: number;
  onDied: (error: Error) => void;
}

/**
 * The inference threads of a worker: on a CPU one single-threaded session a core, on a GPU one session for the device.
 * Which it is shows when the first model is loaded; the threads that are not needed then stay idle.
 */
export class InferPool {
  readonly #threads: InferThread[];
  #device: string | null = null;
  #onFree: () => void = () => {};

  constructor({ threads, device, simulated = null, ...others }: InferPoolOptions) {
    disableTelemetry();
    this.#threads = Array.from({ length: threads }, () => new InferThread({ data: { device, simulated }, ...others }));
  }

  /** Where the session computes; null before the first model is loaded. */
  get device(): string | null {
    return this.#device;
  }

  /** Threads that compute: all on a CPU, one on a GPU or what simulates one. */
  get slots(): number {
    return this.#device === null || this.#device === "cpu" ? this.#threads.length : 1;
  }

  /** Calls back when a thread that has the model can take another batch. */
  onFree(callback: () => void): void {
    this.#onFree = callback;
  }

  /** Loads a model; resolves when the first thread has it, warmed up, and lets the others follow. */
  async load(model: ModelToLoad): Promise<LoadedOn> {
    const [first, ...others] = this.#threads as [InferThread, ...InferThread[]];
    const loadedOn = await first.load(model);
    this.#device = loadedOn.device;
    if (loadedOn.device === "cpu") {
      for (const thread of others) {
        // The first thread has loaded the same file, so a failure here is a dying thread, which onDied reports.
        thread.load(model).then(this.#onFree, () => {});
      }
    }
    return loadedOn;
  }

  unload(modelKey: string): void {
    for (const thread of this.#threads) if (thread.loaded.has(modelKey)) thread.unload(modelKey);
  }

  /** Whether a thread can take a batch of this model now. */
  canTake(modelKey: string): boolean {
    return this.#leastBusy(modelKey) !== undefined;
  }

  /** Runs one batch. Call only after `canTake`. */
  async infer(modelKey: string, images: ArrayBuffer[], topK: number): Promise<Inferred> {
    const thread = this.#leastBusy(modelKey);
    if (thread === undefined) throw new Error(`no thread can take a batch of ${modelKey}`);
    try {
      return await thread.infer(modelKey, images, topK);
    } finally {
      this.#onFree();
    }
  }

  /** Whether every thread could be ended. */
  async close(): Promise<boolean> {
    return (await Promise.all(this.#threads.map((thread) => thread.close()))).every((ended) => ended);
  }

  #leastBusy(modelKey: string): InferThread | undefined {
    const free = this.#threads.filter((thread) => thread.loaded.has(modelKey) && thread.inFlight < batchesPerThread);
    return free.reduce<InferThread | undefined>(
      (best, thread) => (best === undefined || thread.inFlight < best.inFlight ? thread : best),
      undefined,
    );
  }
}
