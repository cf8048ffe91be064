import type { Inferred } from "../infer/infer-thread-handle.js";
import type { RankedClass } from "../infer/messages.js";
import { type BatchLimits, decide } from "./policy.js";

/** What the batcher needs of the inference pool. */
export interface BatchTaker {
  canTake(modelKey: string): boolean;
  onFree(callback: () => void): void;
  infer(modelKey: string, images: ArrayBuffer[], topK: number): Promise<Inferred>;
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
  resolve: (inferred: InferredImage) => void;
  reject: (error: unknown) => void;
}

/** Merges the images of all jobs, one queue a model, and hands batches over as the policy says. */
export class Batcher {
  readonly #taker: BatchTaker;
  readonly #limitsOf: (modelKey: string) => BatchLimits;
  readonly #now: () => number;
  readonly #waiting = new Map<string, WaitingImage[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(taker: BatchTaker, limitsOf: (modelKey: string) => BatchLimits, now = () => performance.now()) {
    this.#taker = taker;
    this.#limitsOf = limitsOf;
    this.#now = now;
    taker.onFree(() => this.#dispatch());
  }

  /** @param pixels uint8 [inputPx, inputPx, 3]; moved away, and given back with the answer. */
  infer(modelKey: string, pixels: ArrayBuffer, topK: number): Promise<InferredImage> {
    return new Promise((resolve, reject) => {
      const queue = this.#waiting.get(modelKey) ?? [];
      this.#waiting.set(modelKey, queue);
      queue.push({ pixels, topK, sinceMs: this.#now(), resolve, reject });
      this.#dispatch();
    });
  }

  /** Sends what may be sent, the model whose oldest image waits longest first; sets a timer for the rest. */
  #dispatch(): void {
    clearTimeout(this.#timer);
    let nextMs = Number.POSITIVE_INFINITY;
    for (let sent = true; sent; ) {
      sent = false;
      nextMs = Number.POSITIVE_INFINITY;
      const queues = [...this.#waiting].sort(([, a], [, b]) => (a[0]?.sinceMs ?? 0) - (b[0]?.sinceMs ?? 0));
      for (const [modelKey, queue] of queues) {
        const oldest = queue[0];
        if (oldest === undefined) {
          this.#waiting.delete(modelKey);
          continue;
        }
        const decision = decide(
          { count: queue.length, oldestWaitMs: this.#now() - oldest.sinceMs, canTake: this.#taker.canTake(modelKey) },
          this.#limitsOf(modelKey),
        );
        if (decision.action === "wait") nextMs = Math.min(nextMs, decision.ms);
        if (decision.action !== "send") continue;
        void this.#send(modelKey, queue.splice(0, decision.count));
        sent = true;
        break;
      }
    }
    if (nextMs !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#dispatch(), Math.ceil(nextMs));
  }

  async #send(modelKey: string, batch: WaitingImage[]): Promise<void> {
    const topK = Math.max(...batch.map((image) => image.topK));
    try {
      const { ranked, embeddings, busyMs, images } = await this.#taker.infer(
        modelKey,
        batch.map((image) => image.pixels),
        topK,
      );
      for (const [i, image] of batch.entries()) {
        image.resolve({
          ranked: ranked[i]!.slice(0, image.topK),
          embedding: embeddings?.[i] ?? null,
          busyMs: busyMs / batch.length,
          batchShare: 1 / batch.length,
          pixels: images[i]!,
        });
      }
    } catch (error) {
      for (const image of batch) image.reject(error);
    }
  }
}
