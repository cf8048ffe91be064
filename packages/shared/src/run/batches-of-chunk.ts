import { batchIdOf } from "@labelfleet/shared/contract/ids";

/** A chunk of the manifest, as far as its batches depend on it. */
export interface ChunkRef {
  rangeId: string;
  chunkId: string;
  images: number;
}

/** A batch: entries `start` up to `end` (exclusive) of its chunk. */
export interface BatchSlice {
  batchId: string;
  start: number;
  end: number;
}

export function batchesOfChunk(chunk: Pick<ChunkRef, "chunkId" | "images">, batchImages: number): BatchSlice[] {
  const slices: BatchSlice[] = [];
  for (let start = 0; start < chunk.images; start += batchImages) {
    const end = Math.min(start + batchImages, chunk.images);
    slices.push({ batchId: batchIdOf(chunk.chunkId, slices.length), start, end });
  }
  return slices;
}
