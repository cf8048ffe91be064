import type { ManifestEntry, Skipped } from "@labelfleet/shared/contract/manifest";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";

export interface ListImagesOptions {
  store: ObjectStore;
  prefix: string;
  /** Only keys after this one; null from the beginning. */
  afterKey: string | null;
  /** The last key that may be listed; null to the end. */
  throughKey: string | null;
  isWanted: (key: string) => boolean;
  /** Counts what is left out, as the listing goes on. */
  skipped: Skipped;
  signal?: AbortSignal | undefined;
}

/** The images of an input as manifest entries, streamed in key order. Rejects with what the store rejects with. */
export async function* listImages(options: ListImagesOptions): AsyncGenerator<ManifestEntry> {
  const { skipped } = options;
  const listing = options.store.list({
    prefix: options.prefix,
    onUnnameable: (count) => {
      skipped.unnameable += count;
    },
    ...(options.afterKey === null ? {} : { startAfter: options.afterKey }),
    ...(options.throughKey === null ? {} : { through: options.throughKey }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  for await (const { key, etag, sizeBytes } of listing) {
    if (key.endsWith("/")) skipped.folderMarkers++;
    else if (!options.isWanted(key)) skipped.filtered++;
    else yield { key, etag, sizeBytes };
  }
}
