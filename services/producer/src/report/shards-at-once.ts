import type { RunSpec } from "@labelfleet/shared/contract/run-spec";

/** Shards may be as large as chunks: so many decoded records are held at once, or those of one batch. */
const recordsAtOnce = 16_384;

/** How many batches' shards may be read at once: at most `most`, and fewer where batches are large. */
export function batchesReadAtOnce({ frozen }: RunSpec, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(recordsAtOnce / (frozen.batchImages * frozen.models.length))));
}
