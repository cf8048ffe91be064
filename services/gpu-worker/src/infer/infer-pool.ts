import { disableTelemetry } from "@labelfleet/runtime/telemetry";
import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import type { Absence } from "../batch/policy.js";
import { type InferOutcome, InferThread, type LoadedOn } from "./infer-thread-handle.js";
import type { InferThreadData, ModelToLoad } from "./messages.js";
import { PooledModels } from "./pooled-models.js";

/** A running batch and the next one: the thread never waits for the main thread between two. */
const batchesPerThread = 2;

export interface InferPoolOptions extends InferThreadData {
  threads: number;
  /** What one batch may take before its thread counts as dead. */
  timeoutMs: number;
  onDied: (error: Error) => void;
  /** The memory that all models together may use of a device. */
  memoryBytesOf: (device: string) => Promise<number>;
  /** Called when the largest batch that a model's share of memory holds has changed. */
  onCap: (modelKey: string, images: number) => void;
}

/**
 * The inference threads of a worker: on a CPU one single-threaded session a core, on a GPU one session for the device.
 * Models that do not fit the device's memory together take turns, the longest unused one making room. Which device it is shows
 * when the first model is loaded; threads that are not needed then stay idle.
 */
export class InferPool {
  readonly #threads: InferThread[];
  readonly #options: Pick<InferPoolOptions, "memoryBytesOf" | "onCap">;
  readonly #models = new PooledModels(() => performance.now());
  #device: string | null = null;
  #onFree: () => void = () => {};
  /** One model at a time is brought, so that each sees who is there. */
  #bringing: Promise<unknown> = Promise.resolve();

  constructor({ threads, device, simulated = null, memoryBytesOf, onCap, ...others }: InferPoolOptions) {
    disableTelemetry();
    this.#options = { memoryBytesOf, onCap };
    const needed = simulated !== null || device === "cuda" ? 1 : threads;
    this.#threads = Array.from({ length: needed }, () => new InferThread({ data: { device, simulated }, ...others }));
  }

  /** Resolves when the threads take models. @throws DEVICE_UNAVAILABLE when the device was asked for by name; WORKER_DIED */
  async started(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.started));
  }

  /** Where the session computes; null before the first model is loaded. */
  get device(): string | null {
    return this.#device;
  }

  /** Threads that compute: all on a CPU, one on a GPU or what simulates one. */
  get slots(): number {
    return this.#device === null || this.#device === "cpu" ? this.#threads.length : 1;
  }

  /** Whether the models do not all fit at once. */
  get takesTurns(): boolean {
    return this.#models.takesTurns;
  }

  /** Calls back when one more thread has a model. */
  onFree(callback: () => void): void {
    this.#onFree = callback;
  }

  /** When so many images wait for a model, no more will come before it is loaded. */
  setMaxWaiting(images: number): void {
    this.#models.setMaxWaiting(images);
  }

  /**
   * Loads a model; resolves when the first thread has it, warmed up, and lets the others follow. From then on it may have to
   * make room for others, and is brought back when images wait for it.
   */
  async load(model: ModelToLoad): Promise<LoadedOn> {
    this.#models.add(model);
    try {
      this.#divide();
      return await this.bring(model.modelKey);
    } catch (error) {
      this.#models.remove(model.modelKey);
      throw error;
    }
  }

  unload(modelKey: string): void {
    this.#evict(modelKey);
    this.#models.remove(modelKey);
    this.#divide();
  }

  absenceOf(modelKey: string): Absence | null {
    return this.#models.absenceOf(modelKey);
  }

  /** Loads a model that was loaded before, and unloads the longest unused ones where there is no room. */
  bring(modelKey: string): Promise<LoadedOn> {
    const brought = this.#bringing.then(() => this.#bring(modelKey));
    this.#bringing = brought.catch(() => undefined);
    return brought;
  }

  /** Unloads every other model; whether there was one. */
  makeRoomFor(modelKey: string): boolean {
    const others = [...this.#threads[0]!.loaded].filter((other) => other !== modelKey);
    for (const other of others) this.#evict(other);
    return others.length > 0;
  }

  /** Whether a thread can take a batch of this model now. */
  canTake(modelKey: string): boolean {
    return this.#leastBusy(modelKey) !== undefined;
  }

  /** Runs one batch. Call only after `canTake`. */
  async infer(modelKey: string, images: ArrayBuffer[], topK: number): Promise<InferOutcome> {
    const thread = this.#leastBusy(modelKey);
    if (thread === undefined) throw new Error(`no thread can take a batch of ${modelKey}`);
    this.#models.used(modelKey);
    try {
      return await thread.infer(modelKey, images, topK);
    } finally {
      this.#models.used(modelKey);
    }
  }

  /** Whether every thread could be ended. */
  async close(): Promise<boolean> {
    return (await Promise.all(this.#threads.map((thread) => thread.close()))).every((ended) => ended);
  }

  async #bring(modelKey: string): Promise<LoadedOn> {
    const model = this.#models.get(modelKey);
    if (model === undefined) throw new LabelfleetError("INFERENCE_FAILED", `model ${modelKey} was unloaded`);
    for (const victim of this.#models.victimsOf(modelKey)) this.#evict(victim);
    this.#models.loading(modelKey);
    const startedMs = performance.now();
    try {
      const loadedOn = await this.#loadOnThreads(model).catch((error: unknown) => {
        // Estimates may be wrong; more than all the room there is cannot be had.
        if (!hasCode(error, "INFERENCE_OUT_OF_MEMORY") || !this.makeRoomFor(modelKey)) throw error;
        return this.#loadOnThreads(model);
      });
      if (this.#device === null) await this.#deviceIs(loadedOn.device);
      this.#models.loaded(modelKey, performance.now() - startedMs);
      return loadedOn;
    } catch (error) {
      this.#models.unloaded(modelKey);
      throw error;
    }
  }

  async #deviceIs(device: string): Promise<void> {
    this.#device = device;
    this.#models.setMemory((await this.#options.memoryBytesOf(device)) / this.slots);
    this.#divide();
  }

  async #loadOnThreads(model: ModelToLoad): Promise<LoadedOn> {
    const [first, ...others] = this.#threads as [InferThread, ...InferThread[]];
    const loadedOn = await first.load(model);
    if (loadedOn.device === "cpu") {
      for (const thread of others) {
        // The first thread has loaded the same file, so a failure here is a dying thread, which onDied reports.
        thread.load(model).then(
          () => {
            if (!this.#models.isPresent(model.modelKey)) thread.unload(model.modelKey);
            this.#onFree();
          },
          () => {},
        );
      }
    }
    return loadedOn;
  }

  /** What threads are told to do they do in order: batches that they have are computed before the model goes. */
  #evict(modelKey: string): void {
    this.#models.unloaded(modelKey);
    for (const thread of this.#threads) if (thread.loaded.has(modelKey)) thread.unload(modelKey);
  }

  #divide(): void {
    for (const [modelKey, { cap }] of this.#models.shares()) this.#options.onCap(modelKey, cap);
  }

  #leastBusy(modelKey: string): InferThread | undefined {
    const free = this.#threads.filter((thread) => thread.loaded.has(modelKey) && thread.inFlight < batchesPerThread);
    return free.reduce<InferThread | undefined>(
      (best, thread) => (best === undefined || thread.inFlight < best.inFlight ? thread : best),
      undefined,
    );
  }
}
