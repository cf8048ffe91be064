import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { batchesOfChunk, type ChunkRef } from "@labelfleet/shared/run/batches-of-chunk";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { ShardCursor } from "./shard-cursor.js";

export interface PlannedBatch {
  batchId: string;
  chunkId: string;
  rangeId: string;
  images: number;
  /** Whether every model's shard was there when the folder was listed. */
  isDone: boolean;
}

/**
 * The batches of chunks, each with whether the folder holds its result: a streaming merge with the shards of each range. Those
 * of one range come in order; ranges may be mixed, as they are while they are listed.
 */
export async function* plannedBatches(options: {
  folder: RunFolder;
  spec: RunSpec;
  chunks: AsyncIterable<ChunkRef> | Iterable<ChunkRef>;
}): AsyncGenerator<PlannedBatch> {
  const { models, batchImages } = options.spec.frozen;
  const cursorsOf = new Map<string, ShardCursor[]>();
  for await (const { chunkId, rangeId, ...chunk } of options.chunks) {
    const known = cursorsOf.get(rangeId);
    const cursors = known ?? models.map((model) => new ShardCursor(options.folder, model.id, rangeId));
    cursorsOf.set(rangeId, cursors);
    for (const { batchId, start, end } of batchesOfChunk({ chunkId, images: chunk.images }, batchImages)) {
      const found = await Promise.all(cursors.map((cursor) => cursor.has(batchId)));
      yield { batchId, chunkId, rangeId, images: end - start, isDone: found.every(Boolean) };
    }
  }
}
