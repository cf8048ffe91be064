import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import { LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { troubleOf } from "./input-gate.js";

/** As many as the producer tries before it calls an input unreadable. */
const firstKeys = 3;

/** Tells a store that refuses everything from one that refuses some objects: reads a byte of what could be read before. */
export class ControlRead {
  readonly #input: string;
  readonly #firstEntries: () => Promise<ManifestEntry[]>;
  #store: Promise<ObjectStore> | undefined;
  /** The last key that was read. */
  lastGoodKey: string | undefined;

  /** @param firstEntries the listing's first entries: a run starts only when one of them can be read */
  constructor(input: string, firstEntries: () => Promise<ManifestEntry[]>) {
    this.#input = input;
    this.#firstEntries = firstEntries;
  }

  /** null when the store answers as it should, for one of the keys; never throws. */
  async probe(): Promise<LabelfleetError | null> {
    let lastError = new LabelfleetError("STORE_UNAVAILABLE", "nothing to read");
    try {
      this.#store ??= openStore(this.#input).then(({ store }) => store);
      const store = await this.#store;
      for await (const key of this.#keys()) {
        const error = await readByte(store, key);
        if (error === null) return null;
        lastError = error;
      }
      return lastError;
    } catch (error) {
      return toLabelfleetError(error);
    }
  }

  async close(): Promise<void> {
    await (await this.#store)?.close();
  }

  async *#keys(): AsyncIterable<string> {
    if (this.lastGoodKey !== undefined) yield this.lastGoodKey;
    const readable = (await this.#firstEntries()).filter(({ sizeBytes }) => sizeBytes > 0);
    for (const { key } of readable.slice(0, firstKeys)) yield key;
  }
}

/** An object that is gone is an answer too: the store would rather refuse to say that. */
async function readByte(store: ObjectStore, key: string): Promise<LabelfleetError | null> {
  try {
    await store.get(key, { range: { start: 0, end: 0 } });
    return null;
  } catch (error) {
    const known = toLabelfleetError(error);
    return troubleOf(known) === null ? null : known;
  }
}
