import { LabelfleetError } from "@labelfleet/shared/errors";
import { type BatchDelivery, HandBack } from "@labelfleet/shared/queue/batch-consumer";

/**
 * How a worker stops: it takes no more batches, gives back those it has not begun, finishes the others, and gives these
 * back too when the grace time is over.
 */
export class Stopping {
  readonly #begun = new WeakSet<BatchDelivery>();
  readonly #draining = new AbortController();
  #state: "running" | "draining" | "giving-up" = "running";

  /** Aborts when the worker begins nothing new. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  drain(): void {
    if (this.#state === "running") this.#state = "draining";
    this.#draining.abort();
  }

  /** Whether the batches that are still in hand are given back, whatever comes of them. */
  get isGivingUp(): boolean {
    return this.#state === "giving-up";
  }

  giveUp(): void {
    this.#state = "giving-up";
  }

  /** Called before each image of a batch is begun. @throws HandBack, or the loss of the lock */
  checkpoint(delivery: BatchDelivery): void {
    if (delivery.lockLost.aborted) {
      throw new LabelfleetError(
        "REDIS_UNAVAILABLE",
        `batch ${delivery.job.batchId}: its lock was lost, another worker may have it`,
      );
    }
    if (this.#state === "giving-up") throw new HandBack("the grace time is over");
    if (this.#state === "draining" && !this.#begun.has(delivery)) throw new HandBack("the worker is stopping");
    this.#begun.add(delivery);
  }
}
