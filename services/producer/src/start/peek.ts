import { type ManifestEntry, maxChunkEntries } from "@labelfleet/shared/contract/manifest";
import { noneSkipped, type Skipped } from "@labelfleet/shared/contract/skipped";
import { rangesBetween } from "../list/find-ranges.js";
import { type Filters, type Input, inputEntries, maxImagesOf } from "../list/input-entries.js";

/** The beginning of the listing. */
export interface Peek {
  entries: ManifestEntry[];
  skipped: Skipped;
  /** Whether `entries` is everything there is to label. */
  isAll: boolean;
}

/**
 * Lists as much as a chunk can hold at most, before the size of chunks is known: the batch size depends on how many images
 * there are. A sample is always read whole, because it has to be drawn as a whole.
 */
export async function peekInput(options: {
  input: Input;
  filters: Filters;
  signal?: AbortSignal | undefined;
}): Promise<Peek> {
  const [whole] = rangesBetween([]);
  const skipped = noneSkipped();
  const maxImages = maxImagesOf(options.filters);
  const bound = options.filters.sample === null ? maxChunkEntries : Number.POSITIVE_INFINITY;
  const entries: ManifestEntry[] = [];
  for await (const entry of inputEntries({ ...options, range: whole!, afterKey: null, skipped })) {
    // One more than the bound has to be seen to know that there is more.
    if (entries.length === bound) return { entries, skipped, isAll: false };
    entries.push(entry);
    if (entries.length === maxImages) break;
  }
  return { entries, skipped, isAll: true };
}
