import { chunkIdOf } from "../contract/ids.js";
import {
  chunkEntriesOf,
  type ManifestEntry,
  type RangeDone,
  rangeDoneSchema,
  rangesSchema,
} from "../contract/manifest.js";
import { chunkIdInName, runNames } from "../contract/run-names.js";
import type { RunSpec } from "../contract/run-spec.js";
import { addSkipped, noneSkipped } from "../contract/skipped.js";
import { hasCode, toLabelfleetError } from "../errors.js";
import { compareKeys } from "../storage/key-order.js";
import type { Problems } from "./problems.js";
import type { RunFolder } from "./run-folder.js";

export interface WalkedChunk {
  chunkId: string;
  /** null for a chunk that is missing or cannot be read. */
  entries: ManifestEntry[] | null;
}

/** Reads a manifest chunk by chunk, in order, and checks that it is one complete, sorted list. */
export class ManifestWalk {
  readonly skipped = noneSkipped();
  readonly #folder: RunFolder;
  readonly #problems: Problems;
  readonly #chunkEntries: number;
  readonly #openRanges = new Set<string>();
  #hasRanges = false;
  #lastKey: string | null = null;

  constructor(folder: RunFolder, spec: RunSpec, problems: Problems) {
    this.#folder = folder;
    this.#problems = problems;
    this.#chunkEntries = chunkEntriesOf(spec.frozen.batchImages);
  }

  /** Whether the manifest, as far as it was walked, may have a chunk that was not given out: its listing goes on, or is lost. */
  mayHave(rangeId: string): boolean {
    return !this.#hasRanges || this.#openRanges.has(rangeId);
  }

  async *chunks(): AsyncGenerator<WalkedChunk> {
    const ranges = await this.#folder.readJson(runNames.ranges, rangesSchema);
    if (ranges === null) {
      this.#problems.add("range-missing", runNames.ranges, `${runNames.ranges} is missing: nothing was listed`);
      return;
    }
    this.#hasRanges = true;
    for (const { id } of ranges.value.ranges) yield* this.#range(id);
  }

  async *#range(rangeId: string): AsyncGenerator<WalkedChunk> {
    const done = await this.#readDone(rangeId);
    let seq = 0;
    let images = 0;
    for await (const { name } of this.#folder.list(`${runNames.manifest}${rangeId}-`)) {
      const chunkId = chunkIdInName(name);
      if (chunkId === null) continue;
      if (done !== null && seq >= done.chunks) {
        this.#problems.add("chunk-unexpected", name, `${name} lies behind the end of its range`);
        continue;
      }
      for (; chunkIdOf(rangeId, seq) < chunkId; seq++) yield this.#missing(rangeId, seq);
      seq++;
      const entries = await this.#read(chunkId, name);
      images += entries?.length ?? 0;
      yield { chunkId, entries };
    }
    if (done === null) return;
    for (; seq < done.chunks; seq++) yield this.#missing(rangeId, seq);
    if (images !== done.images) {
      const name = runNames.rangeDone(rangeId);
      this.#problems.add("chunk-missing", name, `${name} counts ${done.images} images, its chunks hold ${images}`);
    }
  }

  async #readDone(rangeId: string): Promise<RangeDone | null> {
    const name = runNames.rangeDone(rangeId);
    const done = await this.#folder.readJson(name, rangeDoneSchema);
    if (done === null) {
      this.#openRanges.add(rangeId);
      this.#problems.add("range-open", name, `${name} is missing: the listing of the input is not complete`);
      return null;
    }
    addSkipped(this.skipped, done.value.skipped);
    return done.value;
  }

  async #read(chunkId: string, name: string): Promise<ManifestEntry[] | null> {
    let entries: ManifestEntry[];
    try {
      entries = await this.#folder.readChunk(chunkId);
    } catch (error) {
      if (!hasCode(error, "RUN_INVALID")) throw error;
      this.#problems.add("chunk-unreadable", name, toLabelfleetError(error).message);
      return null;
    }
    for (const { key } of entries) {
      if (this.#lastKey !== null && compareKeys(this.#lastKey, key) >= 0) {
        this.#problems.add("chunk-order", key, `${name}: the key does not come after ${JSON.stringify(this.#lastKey)}`);
      }
      this.#lastKey = key;
    }
    if (entries.length > this.#chunkEntries) {
      this.#problems.add("chunk-order", name, `${name} holds more than ${this.#chunkEntries} entries`);
    }
    return entries;
  }

  #missing(rangeId: string, seq: number): WalkedChunk {
    const name = runNames.chunkBySeq(rangeId, seq);
    this.#problems.add("chunk-missing", name, `${name} is missing`);
    return { chunkId: chunkIdOf(rangeId, seq), entries: null };
  }
}
