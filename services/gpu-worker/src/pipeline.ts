import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { BatchDelivery } from "@labelfleet/shared/queue/batch-consumer";
import type { BatchCounts } from "@labelfleet/shared/redis/run-progress";
import type { RunModel } from "./consume/model-loader.js";
import type { RunContext } from "./consume/run-context.js";
import { type ImageStages, labelImage } from "./label-image.js";
import { commitShard, readCommitted } from "./write/shard-writer.js";

/**
 * A batch that lost this many workers may hold the image that killed them: it is decoded in a process of its own. Once is
 * too often an accident, of which every batch in hand has its share.
 */
const stallsToIsolate = 2;

export interface PipelineDeps extends ImageStages {
  workerId: string;
  /** Aborts when the worker takes nothing new. */
  draining: AbortSignal;
  /** Throws when the worker is to give up the batch in hand. */
  checkpoint: (delivery: BatchDelivery) => void;
  /** Writes stats/<workerId>.json; never throws. */
  writeStats: (run: RunContext) => Promise<void>;
}

/**
 * One batch, from the queue to its shards: consume, fetch, decode, batch, infer, write. Returning acknowledges it, so
 * the order at the end is fixed: shards are put, then counted, then the batch is acknowledged. Statistics are written
 * before the count, so that whoever sees the last batch counted finds them complete.
 */
export async function processBatch(deps: PipelineDeps, run: RunContext, delivery: BatchDelivery): Promise<void> {
  const { job } = delivery;
  if (job.rewrite !== null) throw new LabelfleetError("RUN_INVALID", `${job.batchId} asks for a rewrite of shards`);
  run.stats.jobTaken(delivery.waitedSeconds);
  const entries = await run.entriesOf(job);
  const missing = await countWhatIsThere(run, job.batchId);
  if (missing.length === 0) return;

  const perImage = await labelAll(deps, run, delivery, entries, missing);

  const records = perImage.flat();
  if (!delivery.isLastAttempt && records.some((record) => record.retryable === true)) {
    run.records.keep(job.batchId, records);
    throw weather(records);
  }
  const counts = await Promise.all(
    missing.map((_, m) =>
      put(
        run,
        job.batchId,
        perImage.map((image) => image[m]!),
      ),
    ),
  );
  run.records.forget(job.batchId);
  await deps.writeStats(run);
  await Promise.all(counts.map((count) => run.progress.count(count)));
}

/** Counts the shards that exist already, a crash may have lost the count; returns the models that still have none. */
async function countWhatIsThere(run: RunContext, batchId: string): Promise<RunModel[]> {
  const { format } = run.spec.frozen;
  const committed = await Promise.all(
    run.models.map(({ ref }) => readCommitted(run.folder, { modelId: ref.id, batchId, format })),
  );
  for (const [m, counts] of committed.entries()) {
    if (counts !== null) await run.progress.count({ batchId, modelId: run.models[m]!.ref.id, ...counts });
  }
  return run.models.filter((_, m) => committed[m] === null);
}

/** All images of the batch at once, as far as the budget lets them in. Waits for every one, also when one throws. */
async function labelAll(
  deps: PipelineDeps,
  run: RunContext,
  delivery: BatchDelivery,
  entries: ManifestEntry[],
  models: RunModel[],
): Promise<Prediction[][]> {
  const { batchId, pass } = delivery.job;
  const batch = {
    run,
    batchId,
    models,
    workerId: deps.workerId,
    pass,
    isolated: delivery.stalls >= stallsToIsolate,
    stops: [deps.draining, delivery.lockLost],
    checkpoint: () => deps.checkpoint(delivery),
  };
  const settled = await Promise.allSettled(entries.map((entry) => labelImage(deps, { ...batch, entry })));
  return settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

async function put(run: RunContext, batchId: string, records: Prediction[]): Promise<BatchCounts> {
  const { format, conditionalPut } = run.spec.frozen;
  const modelId = records[0]!.modelId;
  const startedMs = performance.now();
  const { counts, wasFirst } = await commitShard(run.folder, { modelId, batchId, format }, records, conditionalPut);
  run.stats.stage("write", performance.now() - startedMs);
  if (!wasFirst) run.stats.shardConflict();
  return { batchId, modelId, ...counts };
}

/** Some images met bad weather: the batch comes again, and only they are repeated. */
function weather(records: Prediction[]): LabelfleetError {
  const bad = records.filter((record) => record.retryable === true);
  return new LabelfleetError(
    "STORE_UNAVAILABLE",
    `${bad.length} images will be tried again: ${bad[0]?.errorCode} ${bad[0]?.errorMessage}`,
  );
}
