import type { BatchTaker } from "@labelfleet/gpu-worker/batch/batcher";
import type { Clock } from "@labelfleet/gpu-worker/batch/clock";
import { PooledModels } from "@labelfleet/gpu-worker/infer/pooled-models";

const batchesInHand = 2;

/** What taking turns takes: a model is loaded, an image is computed. */
export interface TurnTimes {
  loadMs: number;
  imageMs: number;
}

/** A device on a simulated clock that holds one of several models at a time, and does what it is told in order. */
export class TurnTaker implements BatchTaker {
  readonly models: PooledModels;
  loads = 0;
  /** The model that batches were computed of last, and how often that changed. */
  changes = 0;
  #last = "";
  readonly #times: TurnTimes;
  readonly #clock: Clock;
  readonly #loaded = new Set<string>();
  #inHand = 0;
  #freeMs = 0;

  constructor(modelKeys: readonly string[], times: TurnTimes, clock: Clock) {
    this.#times = times;
    this.#clock = clock;
    this.models = new PooledModels(() => clock.now());
    for (const modelKey of modelKeys) {
      this.models.add({
        ...{ modelKey, modelPath: "", inputPx: 224, numClasses: 10, embeddings: false, warmUpImages: 1 },
        memory: { modelBytes: 50, imageBytes: 10 },
      });
    }
    this.models.setMemory(100);
  }

  canTake(modelKey: string): boolean {
    return this.#loaded.has(modelKey) && this.#inHand < batchesInHand;
  }

  absenceOf(modelKey: string): ReturnType<BatchTaker["absenceOf"]> {
    return this.models.absenceOf(modelKey);
  }

  async bring(modelKey: string): Promise<void> {
    this.loads += 1;
    for (const victim of this.models.victimsOf(modelKey)) {
      this.models.unloaded(victim);
      this.#loaded.delete(victim);
    }
    this.models.loading(modelKey);
    await this.#inOrder(this.#times.loadMs);
    this.models.loaded(modelKey, this.#times.loadMs);
    this.#loaded.add(modelKey);
  }

  makeRoomFor(): boolean {
    return false;
  }

  onFree(): void {}

  async infer(modelKey: string, images: ArrayBuffer[]): ReturnType<BatchTaker["infer"]> {
    if (modelKey !== this.#last) this.changes += 1;
    this.#last = modelKey;
    this.models.used(modelKey);
    this.#inHand += 1;
    const busyMs = this.#times.imageMs * images.length;
    await this.#inOrder(busyMs);
    this.#inHand -= 1;
    this.models.used(modelKey);
    return { ok: true, ranked: images.map(() => []), embeddings: null, busyMs, images };
  }

  #inOrder(ms: number): Promise<void> {
    this.#freeMs = Math.max(this.#freeMs, this.#clock.now()) + ms;
    return new Promise((resolve) => this.#clock.after(this.#freeMs - this.#clock.now(), resolve));
  }
}
