import { partsOfBatchId } from "@labelfleet/shared/contract/ids";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { type BatchConsumer, type BatchDelivery, consumeBatches } from "@labelfleet/shared/queue/batch-consumer";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { contentTypeOf, encodeShard } from "@labelfleet/shared/run/shard-codec";

const workerId = "drain";

/** A worker that takes every batch of the default lane and writes records that it made up, as fast as it can: no image is read. */
export class DrainingWorker {
  readonly #redis: Redis;
  readonly #consumer: BatchConsumer;
  #open: Promise<{ folder: RunFolder; spec: RunSpec }> | null = null;

  /** @param batchSlots batches in hand at once */
  constructor(redis: Redis, redisUrl: string, batchSlots = 2) {
    this.#redis = redis;
    this.#consumer = consumeBatches({
      redisUrl,
      lane: "default",
      batchSlots,
      workerId,
      isShortOf: () => false,
      process: (delivery) => this.#drain(delivery),
      onFailed: () => {},
      onStalled: () => {},
      onError: () => {},
    });
  }

  async close(): Promise<void> {
    await this.#consumer.close();
    await (await this.#open)?.folder.close();
  }

  async #drain({ job }: BatchDelivery): Promise<void> {
    // One run is drained at a time.
    this.#open ??= openRun(job.run);
    const { folder, spec } = await this.#open;
    const { batchImages, format, models } = spec.frozen;
    const { n } = partsOfBatchId(job.batchId);
    const entries = (await folder.readChunk(job.chunk)).slice(n * batchImages, (n + 1) * batchImages);
    const progress = new RunProgress(this.#redis, "default", spec.runId);
    for (const { id: modelId } of models) {
      const shard = await encodeShard(
        entries.map((entry) => madeUp(entry, modelId)),
        format,
      );
      await folder.writeFirst(runNames.shard(modelId, job.batchId, format), shard, contentTypeOf(format));
      await progress.count({ batchId: job.batchId, modelId, ok: entries.length, failed: 0 });
    }
  }
}

async function openRun(uri: string): Promise<{ folder: RunFolder; spec: RunSpec }> {
  const folder = await RunFolder.open(uri);
  return { folder, spec: await folder.readSpec() };
}

function madeUp(entry: ManifestEntry, modelId: string): Prediction {
  return {
    ...entry,
    width: 500,
    height: 375,
    modelId,
    status: "ok",
    top: [{ index: 1, label: "goldfish", probability: 0.5 }],
    embedding: null,
    errorCode: null,
    errorMessage: null,
    retryable: null,
    workerId,
    pass: 0,
  };
}
