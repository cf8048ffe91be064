import type { BatchJob } from "@labelfleet/shared/contract/batch-job";
import { isToRetry } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { currentVersion } from "@labelfleet/shared/run/own-version";
import { countCommitted, readCommitted, type ShardAddress } from "../write/shard-writer.js";
import type { RunModel } from "./model-loader.js";
import { type RunContext, recordsKeyOf } from "./run-context.js";

/** A shard that a job has to write. */
export interface ShardToMake {
  model: RunModel;
  /** The etag of the shard that it replaces; null where none lies there. */
  replaces: string | null;
}

/**
 * What is left to do of a job, by the folder: the models that have no shard yet or, in a rewrite, those whose shard is still the
 * one that the job means. What lies there otherwise is counted, because a crash may have lost the count. The records that a
 * retry leaves as they are go to the run's kept records; of a damaged shard none is kept.
 *
 * @throws RUN_INVALID when a shard that is not to be mended cannot be read
 */
export async function shardsToMake(run: RunContext, job: BatchJob): Promise<ShardToMake[]> {
  const { format } = run.spec.frozen;
  const { batchId, rewrite } = job;
  const models =
    rewrite === null || job.mend ? run.models : run.models.filter(({ ref }) => Object.hasOwn(rewrite, ref.id));
  const names = models.map(({ ref }) => run.folder.keyOf(runNames.shard(ref.id, batchId, format)));
  const found = await Promise.all(names.map((key) => currentVersion(run.folder.store, key)));
  const toMake: ShardToMake[] = [];
  for (const [m, model] of models.entries()) {
    const modelId = model.ref.id;
    const shard = { modelId, batchId, format };
    const etag = found[m] ?? null;
    const isMeant = rewrite !== null && etag !== null && etag === rewrite[modelId];
    if (etag === null) {
      if (rewrite !== null && !job.mend)
        throw new LabelfleetError("RUN_INVALID", `${job.run}: no shard of ${batchId} to rewrite`);
      toMake.push({ model, replaces: null });
    } else if (isMeant && (job.mend || (await keepOthers(run, job, shard, etag)))) {
      toMake.push({ model, replaces: etag });
    } else {
      const counts = await countCommitted(run.folder, shard);
      if (counts !== null) await run.progress.count({ batchId, modelId, ...counts });
    }
  }
  return toMake;
}

/** Keeps the records that a retry leaves as they are. Returns false, and keeps none, when the shard was rewritten meanwhile. */
async function keepOthers(run: RunContext, job: BatchJob, shard: ShardAddress, etag: string): Promise<boolean> {
  const committed = await readCommitted(run.folder, shard);
  if (committed?.etag !== etag) return false;
  const stays = committed.value.filter((record) => !isToRetry(record, job.retryCode));
  run.records.keep(recordsKeyOf(job), stays);
  return true;
}
