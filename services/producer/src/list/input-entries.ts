import type { ManifestEntry, Ranges } from "@labelfleet/shared/contract/manifest";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { Skipped } from "@labelfleet/shared/contract/skipped";
import { compareKeys } from "@labelfleet/shared/storage/key-order";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { folderFilterOf } from "./folder-filter.js";
import { keyFilterOf } from "./key-filter.js";
import { listImages } from "./list-images.js";
import { sampleEntries } from "./sample.js";

/** Where the images lie, opened. */
export interface Input {
  store: ObjectStore;
  prefix: string;
}

export type Filters = RunSpec["frozen"]["filters"];
export type Range = Ranges["ranges"][number];

/**
 * What of a range belongs in the manifest, in key order, after `afterKey` where given. --limit is not applied here: it
 * counts the manifest's entries, which only their writer knows. A sample is drawn from the whole range every time,
 * because a draw from the rest would be another one.
 */
export async function* inputEntries(options: {
  input: Input;
  filters: Filters;
  range: Range;
  afterKey: string | null;
  skipped: Skipped;
  signal?: AbortSignal | undefined;
}): AsyncGenerator<ManifestEntry> {
  const { input, filters, range, afterKey, skipped, signal } = options;
  const globs = { prefix: input.prefix, include: filters.include, exclude: filters.exclude };
  const base = {
    ...input,
    throughKey: range.throughKey,
    isWanted: keyFilterOf(globs),
    mayHoldWanted: folderFilterOf(globs),
    failOnUnreadable: filters.failOnUnreadable,
    skipped,
    signal,
  };
  if (filters.sample === null) {
    yield* listImages({ ...base, afterKey: afterKey ?? range.afterKey });
    return;
  }
  const { size, seed } = filters.sample;
  for (const entry of await sampleEntries(listImages({ ...base, afterKey: range.afterKey }), size, seed)) {
    if (afterKey === null || compareKeys(entry.key, afterKey) > 0) yield entry;
  }
}

/** The most images a run may have: its --limit or its sample's size, whichever is smaller. */
export function maxImagesOf(filters: Filters): number {
  return Math.min(filters.limit ?? Number.POSITIVE_INFINITY, filters.sample?.size ?? Number.POSITIVE_INFINITY);
}
