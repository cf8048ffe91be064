import { hasCode } from "@labelfleet/shared/errors";
import type { InferOutcome } from "../infer/infer-thread-handle.js";
import type { RankedClass } from "../infer/messages.js";
import { type Clock, systemClock } from "./clock.js";
import { type Absence, type BatchLimits, type ModelQueue, nextAction } from "./policy.js";

/** What the batcher needs of the inference pool. */
export interface BatchTaker {
  canTake(modelKey: string): boolean;
  /** null where the model is loaded. */
  absenceOf(modelKey: string): Absence | null;
  /** Begins to load a model, at the expense of others where it must be. */
  bring(modelKey: string): Promise<unknown>;
  /** Unloads what else is loaded; whether there was anything. */
  makeRoomFor(modelKey: string): boolean;
  /** Calls back when it can take more, other than by the end of a batch. */
  onFree(callback: () => void): void;
  infer(modelKey: string, images: ArrayBuffer[], topK: number): Promise<InferOutcome>;
}

/** What the batcher needs to know about sizes, and tells. */
export interface BatchSizer {
  limitsOf(modelKey: string): BatchLimits;
  batchDone(modelKey: string, batch: { images: number; busyMs: number }): void;
  batchTooLarge(modelKey: string, images: number): void;
}

export interface InferredImage {
  ranked: RankedClass[];
  embedding: Float32Array | null;
  /** This image's part of its batch's inference time. */
  busyMs: number;
  /** One over the size of its batch: summed over images, the number of batches. */
  batchShare: number;
  /** The image's memory, to be used again. */
  pixels: ArrayBuffer;
}

interface WaitingImage {
  pixels: ArrayBuffer;
  topK: number;
  sinceMs: number;
  /** Images that its batch may have: halved when that was out of memory. */
  atMost: number;
  /** Whether it was out of memory alone, and then had the device for its model. */
  hadRoom: boolean;
  resolve: (inferred: InferredImage) => void;
  reject: (error: unknown) => void;
}

/** Merges the images of all jobs, one queue a model, and hands batches over as the policy says. */
export class Batcher {
  readonly #taker: BatchTaker;
  readonly #sizer: BatchSizer;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, WaitingImage[]>();
  /** The model that is being loaded. One at a time: what it makes room for is another's to say when it is there. */
  #bringing: string | null = null;
  #callOff: () => void = () => {};

  constructor(taker: BatchTaker, sizer: BatchSizer, clock = systemClock) {
    this.#taker = taker;
    this.#sizer = sizer;
    this.#clock = clock;
    taker.onFree(() => this.#dispatch());
  }

  /**
   * @param pixels uint8 [inputPx, inputPx, 3]; moved away, and given back with the answer.
   * @throws INFERENCE_OUT_OF_MEMORY when the image does not fit the device alone; INFERENCE_FAILED; WORKER_DIED
   */
  infer(modelKey: string, pixels: ArrayBuffer, topK: number): Promise<InferredImage> {
    return new Promise((resolve, reject) => {
      const fresh = { sinceMs: this.#clock.now(), atMost: Number.POSITIVE_INFINITY, hadRoom: false };
      this.#queueOf(modelKey).push({ pixels, topK, ...fresh, resolve, reject });
      this.#dispatch();
    });
  }

  #queueOf(modelKey: string): WaitingImage[] {
    const queue = this.#waiting.get(modelKey) ?? [];
    this.#waiting.set(modelKey, queue);
    return queue;
  }

  /** Does what may be done now; sets a timer for the rest. */
  #dispatch(): void {
    this.#callOff();
    for (;;) {
      const queues = [...this.#waiting].map(([modelKey, queue]) => this.#view(modelKey, queue));
      const next = nextAction(queues.filter(({ absence }) => absence === null || this.#bringing === null));
      if (next === null) return;
      if (next.action === "wait") {
        this.#callOff = this.#clock.after(Math.ceil(next.ms), () => this.#dispatch());
        return;
      }
      if (next.action === "bring") this.#bring(next.modelKey);
      else void this.#send(next.modelKey, next.count);
    }
  }

  #view(modelKey: string, queue: WaitingImage[]): ModelQueue {
    return {
      modelKey,
      count: queue.length,
      oldestWaitMs: this.#clock.now() - (queue[0]?.sinceMs ?? 0),
      canTake: this.#taker.canTake(modelKey),
      absence: this.#taker.absenceOf(modelKey),
      limits: this.#sizer.limitsOf(modelKey),
    };
  }

  #bring(modelKey: string): void {
    this.#bringing = modelKey;
    this.#taker
      .bring(modelKey)
      .catch((error: unknown) => {
        for (const image of this.#waiting.get(modelKey)?.splice(0) ?? []) image.reject(error);
      })
      .finally(() => {
        this.#bringing = null;
        this.#dispatch();
      });
  }

  async #send(modelKey: string, count: number): Promise<void> {
    const queue = this.#queueOf(modelKey);
    const batch: WaitingImage[] = [];
    for (let most = count; batch.length < most && queue.length > 0; ) {
      most = Math.min(most, queue[0]!.atMost);
      if (batch.length < most) batch.push(queue.shift()!);
    }
    if (queue.length === 0) this.#waiting.delete(modelKey);
    const topK = Math.max(...batch.map((image) => image.topK));
    try {
      const pixels = batch.map((image) => image.pixels);
      const outcome = await this.#taker.infer(modelKey, pixels, topK);
      if (outcome.ok) {
        this.#sizer.batchDone(modelKey, { images: batch.length, busyMs: outcome.busyMs });
        answer(batch, outcome);
      } else if (hasCode(outcome.error, "INFERENCE_OUT_OF_MEMORY")) {
        this.#tooLarge(modelKey, batch, outcome);
      } else throw outcome.error;
    } catch (error) {
      for (const image of batch) image.reject(error);
    }
    this.#dispatch();
  }

  /** The images go back to the head of their queue and come again in half as large batches; one alone, beside no other model. */
  #tooLarge(modelKey: string, batch: WaitingImage[], { error, images }: Extract<InferOutcome, { ok: false }>): void {
    const isAlone = batch.length === 1;
    if (!isAlone) this.#sizer.batchTooLarge(modelKey, batch.length);
    else if (batch[0]!.hadRoom || !this.#taker.makeRoomFor(modelKey)) throw error;
    const atMost = Math.max(1, Math.floor(batch.length / 2));
    const again = batch.map((image, i) => ({ ...image, pixels: images[i]!, atMost, hadRoom: isAlone }));
    this.#queueOf(modelKey).unshift(...again);
  }
}

function answer(batch: WaitingImage[], outcome: Extract<InferOutcome, { ok: true }>): void {
  const { ranked, embeddings, busyMs, images } = outcome;
  for (const [i, image] of batch.entries()) {
    image.resolve({
      ranked: ranked[i]!.slice(0, image.topK),
      embedding: embeddings?.[i] ?? null,
      busyMs: busyMs / batch.length,
      batchShare: 1 / batch.length,
      pixels: images[i]!,
    });
  }
}
