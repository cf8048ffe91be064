import { partsOfBatchId } from "@labelfleet/shared/contract/ids";
import { isToRetry } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { factsOf, type RecordFacts, readShard } from "@labelfleet/shared/run/read-shard";
import type { RunFolder, Stored } from "@labelfleet/shared/run/run-folder";
import type { Rewrite } from "../rewrite/rewriter.js";

/**
 * Which of a batch's shards hold records to do again, by the folder as it is now; null when none does. The job names the shards
 * that were looked at by their etags, so it changes nothing once somebody rewrote them.
 *
 * @param which.code as isToRetry takes it
 * @param which.belowPass records of this pass or a later one count as done again
 * @throws RUN_INVALID when a shard is missing or cannot be read
 */
export async function rewriteOf(
  folder: RunFolder,
  spec: RunSpec,
  batchId: string,
  which: { code: string | null; belowPass: number },
): Promise<Rewrite | null> {
  const { models, format } = spec.frozen;
  const shards = await Promise.all(
    models.map(({ id }) => factsOfShard(folder, runNames.shard(id, batchId, format), format)),
  );
  const rewrite: Record<string, string> = {};
  const keys = new Set<string>();
  let lastPass = 0;
  for (const [m, { value: records, etag }] of shards.entries()) {
    for (const record of records) {
      lastPass = Math.max(lastPass, record.pass);
      if (!isToRetry(record, which.code) || record.pass >= which.belowPass) continue;
      rewrite[models[m]!.id] = etag;
      keys.add(record.key);
    }
  }
  if (keys.size === 0) return null;
  const { rangeId: range, chunkId: chunk } = partsOfBatchId(batchId);
  const base = { schemaVersion: 1, run: folder.uri, runId: spec.runId, range, chunk, batchId } as const;
  const job = { ...base, pass: lastPass + 1, rewrite, retryCode: which.code, mend: false };
  return { job, images: keys.size };
}

async function factsOfShard(
  folder: RunFolder,
  name: string,
  format: RunSpec["frozen"]["format"],
): Promise<Stored<RecordFacts[]>> {
  const stored = await readShard(folder, { name, format }, factsOf);
  if (stored === null) throw new LabelfleetError("RUN_INVALID", `${folder.uri}${name} is missing`);
  return stored;
}
