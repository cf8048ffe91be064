import type { BatchTaker } from "@labelfleet/gpu-worker/batch/batcher";
import type { Clock } from "@labelfleet/gpu-worker/batch/clock";
import { simulatedCallMs, simulatedJitter } from "@labelfleet/runtime/simulated-timing";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { SimulatedDevice } from "@labelfleet/shared/simulated-device";

/** As an infer thread: the batch that is computed, and the next one. */
const batchesInHand = 2;

/** A batch that was computed, or did not fit. */
export interface SimulatedBatch {
  images: number;
  fits: boolean;
  endMs: number;
}

/** A device that computes batches one after another, on a simulated clock. */
export class SimulatedTaker implements BatchTaker {
  readonly batches: SimulatedBatch[] = [];
  readonly #device: SimulatedDevice;
  readonly #clock: Clock;
  readonly #random: () => number;
  #inHand = 0;
  #freeMs = 0;

  constructor(device: SimulatedDevice, clock: Clock, random: () => number) {
    this.#device = device;
    this.#clock = clock;
    this.#random = random;
  }

  canTake(): boolean {
    return this.#inHand < batchesInHand;
  }

  absenceOf(): null {
    return null;
  }

  async bring(): Promise<void> {}

  makeRoomFor(): boolean {
    return false;
  }

  onFree(): void {}

  infer(_: string, images: ArrayBuffer[]): ReturnType<BatchTaker["infer"]> {
    const count = images.length;
    const fits = count <= this.#device.memoryImages;
    const busyMs = fits ? simulatedCallMs(this.#device, count) * simulatedJitter(this.#device, this.#random) : 0;
    this.#inHand += 1;
    this.#freeMs = Math.max(this.#freeMs, this.#clock.now()) + busyMs;
    return new Promise((resolve) => {
      this.#clock.after(this.#freeMs - this.#clock.now(), () => {
        this.#inHand -= 1;
        this.batches.push({ images: count, fits, endMs: this.#clock.now() });
        const error = new LabelfleetError("INFERENCE_OUT_OF_MEMORY", `${count} images do not fit`);
        if (fits) resolve({ ok: true, ranked: images.map(() => []), embeddings: null, busyMs, images });
        else resolve({ ok: false, error, images });
      });
    });
  }
}
