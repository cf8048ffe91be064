import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { eachOf } from "@labelfleet/shared/each-of";
import { hasCode, toLabelfleetError } from "@labelfleet/shared/errors";
import type { Logger } from "@labelfleet/shared/logger";
import type { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { readShard } from "@labelfleet/shared/run/read-shard";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { batchesReadAtOnce } from "../report/shards-at-once.js";
import { Weather } from "./weather.js";

const readsAtOnce = 8;
const batchesAtOnce = 256;

/** Counts batches that the folder holds into the progress, by reading their shards where Redis does not know them. */
export class Recounter {
  readonly #folder: RunFolder;
  readonly #spec: RunSpec;
  readonly #progress: RunProgress;
  readonly #logger: Logger;
  readonly #weather: Weather;
  readonly #signal: AbortSignal | null;
  readonly #waiting = new Set<string>();

  /** @param options.signal weather is waited for until it aborts; without one, counting rejects, and `flush` tries it again */
  constructor(options: {
    folder: RunFolder;
    spec: RunSpec;
    progress: RunProgress;
    logger: Logger;
    signal?: AbortSignal;
  }) {
    this.#folder = options.folder;
    this.#spec = options.spec;
    this.#progress = options.progress;
    this.#logger = options.logger;
    this.#weather = new Weather(options.logger);
    this.#signal = options.signal ?? null;
  }

  async add(batchId: string): Promise<void> {
    this.#waiting.add(batchId);
    if (this.#waiting.size >= batchesAtOnce) await this.flush();
  }

  async flush(): Promise<void> {
    const batchIds = [...this.#waiting];
    if (this.#signal === null) await this.#countAll(batchIds);
    else await this.#weather.outlast(() => this.#countAll(batchIds), this.#signal);
    for (const batchId of batchIds) this.#waiting.delete(batchId);
  }

  async #countAll(batchIds: string[]): Promise<void> {
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
    try {
      const stored = await readShard(this.#folder, { name, format }, ({ status }) => status);
      if (stored === null) return;
      const ok = stored.value.filter((status) => status === "ok").length;
      await this.#progress.count({ batchId, modelId, ok, failed: stored.value.length - ok });
    } catch (error) {
      if (!hasCode(error, "RUN_INVALID")) throw error;
      // It is not overwritten here: `resume` mends it, by If-Match.
      this.#logger.warn(toLabelfleetError(error).message);
    }
  }
}
