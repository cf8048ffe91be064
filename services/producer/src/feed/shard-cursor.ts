import { batchIdInName, runNames } from "@labelfleet/shared/contract/run-names";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";

/** One model's shards of a range, read along with its chunks: both are sorted by batch id, so one pass over each is enough. */
export class ShardCursor {
  readonly #names: AsyncIterator<{ name: string }>;
  #current: string | null = null;
  #hasEnded = false;

  constructor(folder: RunFolder, modelId: string, rangeId: string) {
    this.#names = folder.list(runNames.shardsOfRange(modelId, rangeId))[Symbol.asyncIterator]();
  }

  /** Whether the listing has this batch's shard. Batch ids must be asked for in ascending order. */
  async has(batchId: string): Promise<boolean> {
    while (!this.#hasEnded && (this.#current === null || this.#current < batchId)) {
      const next = await this.#names.next();
      if (next.done === true) this.#hasEnded = true;
      else this.#current = batchIdInName(next.value.name) ?? this.#current;
    }
    return this.#current === batchId;
  }
}
