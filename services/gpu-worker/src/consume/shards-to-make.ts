import type { BatchJob } from "@labelfleet/shared/contract/batch-job";
import { isToRetry } from "@labelfleet/shared/contract/prediction";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { countsOf, readCommitted } from "../write/shard-writer.js";
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
  const committed = await Promise.all(
    models.map(({ ref }) => readCommitted(run.folder, { modelId: ref.id, batchId, format })),
  );
  const toMake: ShardToMake[] = [];
  for (const [m, model] of models.entries()) {
    const shard = committed[m] ?? null;
    const modelId = model.ref.id;
    if (shard === null) {
      if (rewrite !== null && !job.mend)
        throw new LabelfleetError("RUN_INVALID", `${job.run}: no shard of ${batchId} to rewrite`);
      toMake.push({ model, replaces: null });
    } else if (rewrite !== null && shard.etag === rewrite[modelId]) {
      if (!job.mend) {
        const stays = (await shard.records()).filter((record) => !isToRetry(record, job.retryCode));
        run.records.keep(recordsKeyOf(job), stays);
      }
      toMake.push({ model, replaces: shard.etag });
    } else await run.progress.count({ batchId, modelId, ...countsOf(await shard.records()) });
  }
  return toMake;
}
