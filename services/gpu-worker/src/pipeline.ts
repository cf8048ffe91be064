import type { BatchJob } from "@labelfleet/shared/contract/batch-job";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { ImageLimits } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError, mayPass } from "@labelfleet/shared/errors";
import type { BatchDelivery } from "@labelfleet/shared/queue/batch-consumer";
import type { BatchCounts } from "@labelfleet/shared/redis/run-progress";
import type { RunModel } from "./consume/model-loader.js";
import { type RunContext, recordsKeyOf } from "./consume/run-context.js";
import { type ShardToMake, shardsToMake } from "./consume/shards-to-make.js";
import { type ImageStages, labelImage } from "./label-image.js";
import { commitShard } from "./write/shard-writer.js";

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
  try {
    await labelAndWrite(deps, run, delivery);
  } finally {
    run.labelled.delete(delivery.job.batchId);
  }
}

async function labelAndWrite(deps: PipelineDeps, run: RunContext, delivery: BatchDelivery): Promise<void> {
  const { job } = delivery;
  run.stats.jobTaken(delivery.waitedSeconds);
  // Its producer is gone; what is left of it in the queue is taken off.
  if (await run.folder.isCancelled()) return;
  const entries = await run.entriesOf(job);
  const toMake = await shardsToMake(run, job);
  if (toMake.length === 0) return;

  const models = toMake.map(({ model }) => model);
  const carriedOver = job.rewrite === null ? await carryOver(run, job, entries, models) : 0;
  // Read anew for each batch: `resume` and `retry` may have changed them since the run was opened.
  const { limits } = (await run.folder.readSpec()).overridable;
  const perImage = await labelAll(deps, run, delivery, { entries, models, limits });

  const records = perImage.flat();
  const unlucky = records.filter(
    // Only of failed records: reading all fields of a good one unpacks it.
    (record) =>
      record.status === "failed" && record.pass === job.pass && mayPass({ ...record, code: record.errorCode }),
  );
  if (!delivery.isLastAttempt && unlucky.length > 0) {
    run.records.keepFinal(recordsKeyOf(job), records);
    throw weather(unlucky);
  }
  const puts = toMake.map((shard, m) =>
    put(
      run,
      job.batchId,
      shard,
      perImage.map((image) => image[m]!),
    ),
  );
  const counts = await Promise.all(puts);
  run.records.forget(recordsKeyOf(job));
  run.stats.carriedOver(carriedOver);
  await deps.writeStats(run);
  await Promise.all(counts.map((count) => run.progress.count(count)));
}

/** Keeps the records of the run that `--since` names for objects that have not changed. Returns how many images need no work. */
async function carryOver(
  run: RunContext,
  job: BatchJob,
  entries: ManifestEntry[],
  models: RunModel[],
): Promise<number> {
  if (run.earlier === null) return 0;
  const modelIds = models.map(({ ref }) => ref.id);
  const records = await run.earlier.recordsOf(entries, modelIds);
  run.records.keep(recordsKeyOf(job), records);
  // Not of all that is kept: an earlier attempt's records are work that was done here.
  const modelsOf = new Map<string, number>();
  for (const { key } of records) modelsOf.set(key, (modelsOf.get(key) ?? 0) + 1);
  return [...modelsOf.values()].filter((found) => found === modelIds.length).length;
}

/** All images of the batch at once, as far as the budget lets them in. Waits for every one, also when one throws. */
async function labelAll(
  deps: PipelineDeps,
  run: RunContext,
  delivery: BatchDelivery,
  { entries, models, limits }: { entries: ManifestEntry[]; models: RunModel[]; limits: ImageLimits },
): Promise<Prediction[][]> {
  const { job } = delivery;
  let labelled = 0;
  const isFirstPass = job.rewrite === null;
  if (isFirstPass) run.labelled.set(job.batchId, 0);
  const batch = {
    run,
    recordsKey: recordsKeyOf(job),
    models,
    limits,
    workerId: deps.workerId,
    pass: job.pass,
    isolated: delivery.stalls >= stallsToIsolate,
    stops: [deps.draining, delivery.lockLost],
    checkpoint: () => deps.checkpoint(delivery),
    onLabelled: () => {
      labelled += 1;
      if (isFirstPass) run.labelled.set(job.batchId, labelled);
    },
  };
  const settled = await Promise.allSettled(entries.map((entry) => labelImage(deps, { ...batch, entry })));
  return settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

async function put(
  run: RunContext,
  batchId: string,
  { model, replaces }: ShardToMake,
  records: Prediction[],
): Promise<BatchCounts> {
  const { format, conditionalPut } = run.spec.frozen;
  const modelId = model.ref.id;
  const startedMs = performance.now();
  const shard = { modelId, batchId, format };
  const { counts, wasFirst } = await commitShard(run.folder, shard, records, { conditionalPut, replaces });
  run.stats.stage("write", performance.now() - startedMs);
  if (wasFirst) run.stats.recorded(modelId, records);
  else run.stats.shardConflict();
  return { batchId, modelId, ...counts };
}

/** Some images met bad weather: the batch comes again, and only they are repeated. */
function weather(unlucky: Prediction[]): LabelfleetError {
  return new LabelfleetError(
    "STORE_UNAVAILABLE",
    `${unlucky.length} images will be retried: ${unlucky[0]?.errorCode} ${unlucky[0]?.errorMessage}`,
  );
}
