import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { OutputFormat } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { contentTypeOf, decodeShard, encodeShard } from "@labelfleet/shared/run/shard-codec";

export interface ShardCounts {
  ok: number;
  failed: number;
}

export interface ShardAddress {
  modelId: string;
  batchId: string;
  format: OutputFormat;
}

/** The counts of a shard that lies there already, or null where there is none. */
export async function readCommitted(folder: RunFolder, shard: ShardAddress): Promise<ShardCounts | null> {
  const name = runNames.shard(shard.modelId, shard.batchId, shard.format);
  const stored = await folder.readBytes(name);
  if (stored === null) return null;
  return countsOf(await decodeShard(stored.value, shard.format, `${folder.uri}${name}`));
}

/**
 * The commit rule: the first shard that is written is the one that counts. A later writer throws its own away and counts
 * what lies there. Where the store has no conditional writes, a later writer replaces the shard (docs/output.md).
 */
export async function commitShard(
  folder: RunFolder,
  shard: ShardAddress,
  records: Prediction[],
  conditionalPut: boolean,
): Promise<{ counts: ShardCounts; wasFirst: boolean }> {
  const name = runNames.shard(shard.modelId, shard.batchId, shard.format);
  const bytes = encodeShard(records, shard.format);
  if (!conditionalPut) {
    await folder.store.put(folder.keyOf(name), bytes, { contentType: contentTypeOf(shard.format) });
    return { counts: countsOf(records), wasFirst: true };
  }
  if (await folder.writeFirst(name, bytes, contentTypeOf(shard.format))) {
    return { counts: countsOf(records), wasFirst: true };
  }
  const committed = await readCommitted(folder, shard);
  if (committed === null) {
    throw new LabelfleetError("STORE_UNAVAILABLE", `${folder.uri}${name} was there a moment ago and is gone`);
  }
  return { counts: committed, wasFirst: false };
}

function countsOf(records: Prediction[]): ShardCounts {
  const ok = records.filter((record) => record.status === "ok").length;
  return { ok, failed: records.length - ok };
}
