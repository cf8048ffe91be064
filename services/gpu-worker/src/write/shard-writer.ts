import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { OutputFormat } from "@labelfleet/shared/contract/run-spec";
import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
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

export interface CommittedShard {
  /** What a rewrite has to name. */
  etag: string;
  /** @throws RUN_INVALID when the shard is damaged */
  records(): Promise<Prediction[]>;
}

/** A shard that lies there already, or null where there is none. */
export async function readCommitted(folder: RunFolder, shard: ShardAddress): Promise<CommittedShard | null> {
  const name = runNames.shard(shard.modelId, shard.batchId, shard.format);
  const stored = await folder.readBytes(name);
  if (stored === null) return null;
  return { etag: stored.etag, records: () => decodeShard(stored.value, shard.format, `${folder.uri}${name}`) };
}

/**
 * The commit rule: the first shard that is written is the one that counts, and a rewrite replaces only the shard that it was
 * made from. Whoever comes too late throws its own away and counts what lies there. Where the store has no conditional writes,
 * a later writer replaces the shard (docs/output.md).
 *
 * @param options.replaces the etag of the shard that is rewritten; null for a first pass
 */
export async function commitShard(
  folder: RunFolder,
  shard: ShardAddress,
  records: Prediction[],
  options: { conditionalPut: boolean; replaces: string | null },
): Promise<{ counts: ShardCounts; wasFirst: boolean }> {
  const name = runNames.shard(shard.modelId, shard.batchId, shard.format);
  const bytes = await encodeShard(records, shard.format);
  const condition = options.replaces === null ? { ifNoneMatch: "*" as const } : { ifMatch: options.replaces };
  try {
    await folder.store.put(folder.keyOf(name), bytes, {
      contentType: contentTypeOf(shard.format),
      ...(options.conditionalPut ? condition : {}),
    });
    return { counts: countsOf(records), wasFirst: true };
  } catch (error) {
    if (!hasCode(error, "PRECONDITION_FAILED")) throw error;
  }
  const committed = await readCommitted(folder, shard);
  if (committed === null) {
    throw new LabelfleetError("STORE_UNAVAILABLE", `${folder.uri}${name} disappeared while it was written`);
  }
  return { counts: countsOf(await committed.records()), wasFirst: false };
}

export function countsOf(records: Prediction[]): ShardCounts {
  const ok = records.filter((record) => record.status === "ok").length;
  return { ok, failed: records.length - ok };
}
