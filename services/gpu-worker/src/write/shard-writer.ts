import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { OutputFormat } from "@labelfleet/shared/contract/run-spec";
import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import { type ReadShard, readShard } from "@labelfleet/shared/run/read-shard";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { contentTypeOf, encodePieces } from "@labelfleet/shared/run/shard-codec";
import type { PutBody } from "@labelfleet/shared/storage/object-store";
import { RecordCompactor } from "./compact-record.js";
import { OneAtATime } from "./one-at-a-time.js";

export interface ShardCounts {
  ok: number;
  failed: number;
}

export interface ShardAddress {
  modelId: string;
  batchId: string;
  format: OutputFormat;
}

/** A shard up to this size is put together in memory; of larger ones, which have wide records, one at a time. */
const maxBodyBytes = 16 * 1024 * 1024;
const largeBodies = new OneAtATime();

/** The records of a shard that lies there already, or null where there is none. @throws RUN_INVALID when it is damaged */
export function readCommitted(folder: RunFolder, shard: ShardAddress): Promise<ReadShard<Prediction> | null> {
  const { modelId, batchId, format } = shard;
  const compactor = new RecordCompactor();
  return readShard(folder, { name: runNames.shard(modelId, batchId, format), format }, (record) =>
    compactor.compact(record),
  );
}

/** How many records of a shard that lies there are ok and failed; null where there is none. @throws RUN_INVALID when it is damaged */
export async function countCommitted(folder: RunFolder, shard: ShardAddress): Promise<ShardCounts | null> {
  const { modelId, batchId, format } = shard;
  const name = runNames.shard(modelId, batchId, format);
  const stored = await readShard(folder, { name, format }, ({ status }) => ({ status }));
  return stored && countsOf(stored.value);
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
  const put = async (bytes: PutBody) => {
    const { replaces } = options;
    const condition = replaces === null ? { ifNoneMatch: "*" as const } : await folder.conditionOf(name, replaces);
    await folder.store.put(folder.keyOf(name), bytes, {
      contentType: contentTypeOf(shard.format),
      ...(options.conditionalPut ? condition : {}),
    });
  };
  try {
    await putPieces(encodePieces(records, shard.format), put);
    return { counts: countsOf(records), wasFirst: true };
  } catch (error) {
    if (!hasCode(error, "PRECONDITION_FAILED")) throw error;
  }
  const counts = await countCommitted(folder, shard);
  if (counts === null) {
    throw new LabelfleetError("STORE_UNAVAILABLE", `${folder.uri}${name} disappeared while it was written`);
  }
  return { counts, wasFirst: false };
}

async function putPieces(pieces: AsyncGenerator<Uint8Array>, put: (body: PutBody) => Promise<void>): Promise<void> {
  const first: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= maxBodyBytes) {
    const next = await pieces.next();
    if (next.done === true) return put(first.length === 1 ? first[0]! : Buffer.concat(first));
    first.push(next.value);
    bytes += next.value.length;
  }
  await largeBodies.run(() => put(followedBy(first, pieces)));
}

async function* followedBy(first: Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first.splice(0);
  yield* rest;
}

export function countsOf(records: readonly Pick<Prediction, "status">[]): ShardCounts {
  const ok = records.filter((record) => record.status === "ok").length;
  return { ok, failed: records.length - ok };
}
