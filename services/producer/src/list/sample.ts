import { createHash } from "node:crypto";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import { compareKeys } from "@labelfleet/shared/storage/key-order";

interface Ranked {
  rank: bigint;
  entry: ManifestEntry;
}

/** A key's place in the lottery of a seed: the first 8 bytes of SHA-256, so that every machine draws the same. */
function rankOf(seed: number, key: string): bigint {
  return createHash("sha256").update(`${seed}\0${key}`).digest().readBigUInt64BE(0);
}

/**
 * Draws `size` entries: those with the smallest seeded hashes, in key order. The same keys and seed give the same sample,
 * in whatever order the entries come. Holds `size` entries, never the listing.
 */
export async function sampleEntries(
  entries: AsyncIterable<ManifestEntry>,
  size: number,
  seed: number,
): Promise<ManifestEntry[]> {
  const heap: Ranked[] = [];
  for await (const entry of entries) {
    const candidate = { rank: rankOf(seed, entry.key), entry };
    if (heap.length < size) {
      heap.push(candidate);
      siftUp(heap);
    } else if (isAfter(heap[0]!, candidate)) {
      heap[0] = candidate;
      siftDown(heap);
    }
  }
  return heap.map(({ entry }) => entry).sort((a, b) => compareKeys(a.key, b.key));
}

function isAfter(a: Ranked, b: Ranked): boolean {
  return a.rank === b.rank ? compareKeys(a.entry.key, b.entry.key) > 0 : a.rank > b.rank;
}

/** Invariant of the heap: no child is after its parent, so the worst of the drawn stands first. */
function siftUp(heap: Ranked[]): void {
  let i = heap.length - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!isAfter(heap[i]!, heap[parent]!)) return;
    [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
    i = parent;
  }
}

function siftDown(heap: Ranked[]): void {
  let i = 0;
  for (;;) {
    let worst = i;
    for (const child of [2 * i + 1, 2 * i + 2]) {
      if (child < heap.length && isAfter(heap[child]!, heap[worst]!)) worst = child;
    }
    if (worst === i) return;
    [heap[i], heap[worst]] = [heap[worst]!, heap[i]!];
    i = worst;
  }
}
