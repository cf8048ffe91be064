import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import { countExtension, type Skipped } from "@labelfleet/shared/contract/skipped";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { LeftOut, ObjectStore } from "@labelfleet/shared/storage/object-store";
import { hasImageExtension } from "./key-filter.js";

export interface ListImagesOptions {
  store: ObjectStore;
  prefix: string;
  /** Only keys after this one; null from the beginning. */
  afterKey: string | null;
  /** The last key that may be listed; null to the end. */
  throughKey: string | null;
  isWanted: (key: string) => boolean;
  /** Whether any key below a folder can be wanted; the folder ends in "/". Everything is looked at unless given. */
  mayHoldWanted?: (folder: string) => boolean;
  /** Whether the listing ends at the first folder, file or name that cannot be read. */
  failOnUnreadable?: boolean | undefined;
  /** Counts what is left out, as the listing goes on. */
  skipped: Skipped;
  signal?: AbortSignal | undefined;
}

/**
 * The images of an input as manifest entries, streamed in key order. Rejects with what the store rejects with, and with
 * ACCESS_DENIED where unreadable things are not to be left out.
 */
export async function* listImages(options: ListImagesOptions): AsyncGenerator<ManifestEntry> {
  const { skipped, mayHoldWanted } = options;
  const listing = options.store.list({
    prefix: options.prefix,
    onLeftOut: (left) => noteLeftOut(options, left),
    ...(mayHoldWanted === undefined ? {} : { isPruned: (folder: string) => !mayHoldWanted(folder) }),
    ...(options.afterKey === null ? {} : { startAfter: options.afterKey }),
    ...(options.throughKey === null ? {} : { through: options.throughKey }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const hasTimes = options.store.kind === "s3";
  for await (const { key, etag, sizeBytes, lastModifiedMs } of listing) {
    if (key.endsWith("/")) skipped.folderMarkers++;
    else if (!options.isWanted(key)) noteFiltered(skipped, key);
    else if (hasTimes && lastModifiedMs !== null) yield { key, etag, sizeBytes, lastModifiedMs };
    else yield { key, etag, sizeBytes };
  }
}

function noteFiltered(skipped: Skipped, key: string): void {
  skipped.filtered++;
  if (!hasImageExtension(key)) countExtension(skipped, key);
}

/** What would not be wanted if it could be read is left out for that reason. */
function noteLeftOut(options: ListImagesOptions, { reason, key, message }: LeftOut): void {
  const { skipped, isWanted, mayHoldWanted, failOnUnreadable } = options;
  if (!key.endsWith("/") && !isWanted(key)) {
    noteFiltered(skipped, key);
    return;
  }
  if (reason === "linkedFolders" && mayHoldWanted?.(key) === false) {
    skipped.filteredFolders++;
    return;
  }
  skipped[reason]++;
  if (failOnUnreadable !== true) return;
  const refusal = reason === "unnameable" ? `the name ${JSON.stringify(key)} is not UTF-8` : message;
  if (refusal === undefined) return;
  throw new LabelfleetError(
    "ACCESS_DENIED",
    `${refusal}; leave it out with --exclude, or run without --fail-on-unreadable`,
  );
}
