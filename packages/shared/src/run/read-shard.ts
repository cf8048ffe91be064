import { maxChunkEntries } from "../contract/manifest.js";
import type { Prediction } from "../contract/prediction.js";
import type { OutputFormat } from "../contract/run-spec.js";
import { hasCode, LabelfleetError } from "../errors.js";
import type { ObjectInfo } from "../storage/object-store.js";
import { wholeShardBytes } from "./bounds.js";
import { versionOf, versionOfInfo } from "./own-version.js";
import type { RunFolder, Stored } from "./run-folder.js";
import { decodePieces } from "./shard-codec.js";

/** A shard that is rewritten while its pieces are read is begun anew, so often at most. */
const maxReads = 5;

/** What is kept of a shard's records, and which shard it was. */
export interface ReadShard<T> extends Stored<T[]> {
  sizeBytes: number;
}

/**
 * Reads a shard and keeps of each record what `pick` makes of it. A shard of wide records is read piece by piece, so that memory is
 * for what is kept. null where there is no such shard.
 *
 * @param wholeBytes up to here it is read at once
 * @throws RUN_INVALID naming the shard when it is damaged
 */
export async function readShard<T>(
  folder: RunFolder,
  { name, format }: { name: string; format: OutputFormat },
  pick: (record: Prediction) => T,
  wholeBytes = wholeShardBytes,
): Promise<ReadShard<T> | null> {
  const key = folder.keyOf(name);
  const where = `${folder.uri}${name}`;
  try {
    const { body, etag } = await folder.store.get(key, { maxBytes: wholeBytes });
    const value = await picked(decodePieces(body, format, where), pick, where);
    return { value, etag: versionOf(etag, body), sizeBytes: body.length };
  } catch (error) {
    if (hasCode(error, "OBJECT_NOT_FOUND")) return null;
    if (!hasCode(error, "OBJECT_TOO_LARGE")) throw error;
  }
  for (let read = 1; ; read++) {
    const info = await folder.store.head(key);
    if (info === null) return null;
    try {
      return await readPieces(folder, { ...info, name, format }, pick);
    } catch (error) {
      if (!hasCode(error, "OBJECT_CHANGED") || read === maxReads) throw error;
    }
  }
}

async function readPieces<T>(
  folder: RunFolder,
  shard: ObjectInfo & { name: string; format: OutputFormat },
  pick: (record: Prediction) => T,
): Promise<ReadShard<T>> {
  // Paid only by runs that have such shards.
  const { scanRecords } = await import("./shard-rows.js");
  const value = await picked(scanRecords(folder, shard), pick, `${folder.uri}${shard.name}`);
  return { value, etag: versionOfInfo(shard), sizeBytes: shard.sizeBytes };
}

async function picked<T>(
  pieces: AsyncIterable<Prediction[]>,
  pick: (record: Prediction) => T,
  where: string,
): Promise<T[]> {
  const value: T[] = [];
  for await (const records of pieces) {
    for (const record of records) value.push(pick(record));
    if (value.length > maxChunkEntries) {
      throw new LabelfleetError("RUN_INVALID", `${where} holds more than ${maxChunkEntries} records`);
    }
  }
  return value;
}

/** What a producer looks at of a record. */
export type RecordFacts = Pick<
  Prediction,
  "key" | "etag" | "sizeBytes" | "modelId" | "status" | "errorCode" | "retryable" | "pass"
>;

export function factsOf({
  key,
  etag,
  sizeBytes,
  modelId,
  status,
  errorCode,
  retryable,
  pass,
}: Prediction): RecordFacts {
  return { key, etag, sizeBytes, modelId, status, errorCode, retryable, pass };
}
