import type { Worker } from "bullmq";
import { type BatchJob, runIdInJobId } from "../contract/batch-job.js";
import type { BatchQueue } from "./batch-queue.js";

const lookMs = 200;
/** Batches that a worker may hold beyond its slots. */
const maxExtraBatches = 4;

export interface ExtraBatchesOptions {
  worker: Worker<BatchJob>;
  queue: BatchQueue;
  /** Whether the worker could begin another batch of the run at once. */
  isShortOf: (runId: string) => boolean;
  onError: (error: Error) => void;
}

/**
 * Batches last about ten seconds, and a small run must not wait until one of a large run's ends. So when all slots are taken and
 * the batch that is next in the queue is of a run that the worker could begin at once, it takes that one too.
 */
export class ExtraBatches {
  readonly #options: ExtraBatchesOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #inHand = new Map<string, number>();
  #batchSlots: number;
  #looking = false;

  constructor(batchSlots: number, options: ExtraBatchesOptions) {
    this.#options = options;
    this.#batchSlots = batchSlots;
    this.#timer = setInterval(() => void this.#look(), lookMs);
  }

  setBatchSlots(batchSlots: number): void {
    this.#batchSlots = batchSlots;
    this.#options.worker.concurrency = batchSlots;
  }

  /** A batch was taken: no further one beyond the slots, until the next look. */
  taken(runId: string): void {
    this.#inHand.set(runId, (this.#inHand.get(runId) ?? 0) + 1);
    this.#options.worker.concurrency = this.#batchSlots;
  }

  ended(runId: string): void {
    const left = (this.#inHand.get(runId) ?? 0) - 1;
    if (left > 0) this.#inHand.set(runId, left);
    else this.#inHand.delete(runId);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const count = [...this.#inHand.values()].reduce((sum, batches) => sum + batches, 0);
    if (this.#looking || count < this.#batchSlots || count >= this.#batchSlots + maxExtraBatches) return;
    this.#looking = true;
    try {
      const { worker, queue } = this.#options;
      const [next] = await queue.getRanges(["prioritized"], 0, 0, true);
      if (next === undefined || !this.#isWanted(runIdInJobId(next))) return;
      worker.concurrency = count + 1;
      // The worker's loop waits for one of its batches to end; only resuming makes it look at its concurrency before that.
      await worker.pause(true);
      await worker.resume();
    } catch (error) {
      this.#options.onError(error as Error);
    } finally {
      this.#looking = false;
    }
  }

  #isWanted(runId: string): boolean {
    return !this.#inHand.has(runId) || this.#options.isShortOf(runId);
  }
}
