import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { eachOf } from "@labelfleet/shared/each-of";
import { hasCode, toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import type { RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { decodeShard } from "@labelfleet/shared/run/shard-codec";
import { batchesReadAtOnce } from "../report/shards-at-once.js";

const readsAtOnce = 8;
const batchesAtOnce = 256;

/** Counts batches that the folder holds into the progress, by reading their shards where Redis does not know them. */
export class Recounter {
  readonly #folder: RunFolder;
  readonly #spec: RunSpec;
  readonly #progress: RunProgress;
  readonly #logger: Logger;
  #waiting: string[] = [];

  constructor(options: { folder: RunFolder; spec: RunSpec; progress: RunProgress; logger: Logger }) {
    this.#folder = options.folder;
    this.#spec = options.spec;
    this.#progress = options.progress;
    this.#logger = options.logger;
  }

  async add(batchId: string): Promise<void> {
    this.#waiting.push(batchId);
    if (this.#waiting.length >= batchesAtOnce) await this.flush();
  }

  async flush(): Promise<void> {
    const batchIds = this.#waiting;
    this.#waiting = [];
    const modelIds = this.#spec.frozen.models.map((model) => model.id);
    const isCounted = await this.#progress.finished(batchIds, modelIds);
    const uncounted = batchIds.filter((_, i) => isCounted[i] !== true);
    const shards = uncounted.flatMap((batchId) => modelIds.map((modelId) => ({ batchId, modelId })));
    await eachOf(shards, batchesReadAtOnce(this.#spec, readsAtOnce), ({ batchId, modelId }) =>
      this.#count(batchId, modelId),
    );
  }

  async #count(batchId: string, modelId: string): Promise<void> {
    const { format } = this.#spec.frozen;
    const name = runNames.shard(modelId, batchId, format);
    const stored = await this.#folder.readBytes(name);
    if (stored === null) return;
    try {
      const records = await decodeShard(stored.value, format, `${this.#folder.uri}${name}`);
      const ok = records.filter((record) => record.status === "ok").length;
      await this.#progress.count({ batchId, modelId, ok, failed: records.length - ok });
    } catch (error) {
      if (!hasCode(error, "RUN_INVALID")) throw error;
      // It is not overwritten here: `resume` mends it, by If-Match.
      this.#logger.warn(toLabelfleetError(error).message);
    }
  }
}
