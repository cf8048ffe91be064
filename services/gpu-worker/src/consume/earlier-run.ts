import { batchIdOf } from "@labelfleet/shared/contract/ids";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { chunkIdInName, runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { hasCode } from "@labelfleet/shared/errors";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { isSameVersion, type ObjectVersion } from "@labelfleet/shared/storage/etag";
import { compareKeys } from "@labelfleet/shared/storage/key-order";
import { readCommitted } from "../write/shard-writer.js";
import { ChunkCache } from "./chunk-cache.js";

/** A batch's keys lie in one chunk of the earlier run, or in two; those of the next batch in the same ones. */
const keptChunks = 4;

/**
 * The run that `--since` names. Both manifests are sorted by key, so the chunks that can hold a batch's keys are found by binary
 * search over the chunks' first keys, and of these only the shards that hold an unchanged object are read, one at a time.
 */
export class EarlierRun {
  readonly #folder: RunFolder;
  readonly #spec: RunSpec;
  readonly #chunks: ChunkCache;
  /** One id for at most 10,240 images. */
  readonly #chunkIds: string[];
  readonly #firstKeys = new Map<string, string | null>();

  private constructor(folder: RunFolder, spec: RunSpec, chunkIds: string[]) {
    this.#folder = folder;
    this.#spec = spec;
    this.#chunks = new ChunkCache(folder, keptChunks);
    this.#chunkIds = chunkIds;
  }

  /** null where the run is gone: then all is labelled anew. @throws RUN_INVALID */
  static async open(uri: string): Promise<EarlierRun | null> {
    const folder = await RunFolder.open(uri);
    try {
      const spec = await folder.readSpec();
      const chunkIds: string[] = [];
      for await (const { name } of folder.list(runNames.manifest)) {
        const chunkId = chunkIdInName(name);
        if (chunkId !== null) chunkIds.push(chunkId);
      }
      return new EarlierRun(folder, spec, chunkIds);
    } catch (error) {
      await folder.close();
      if (hasCode(error, "RUN_NOT_FOUND")) return null;
      throw error;
    }
  }

  /**
   * The models' records of those entries whose object is surely the same there and is labelled. What is missing or unreadable
   * there has no records.
   *
   * @param entries ascending by key, as a manifest is
   */
  async recordsOf(entries: ManifestEntry[], modelIds: string[]): Promise<Prediction[]> {
    const byKey = new Map(entries.map((entry) => [entry.key, entry]));
    const isSame = (earlier: Pick<ManifestEntry, "key"> & ObjectVersion) => {
      const entry = byKey.get(earlier.key);
      return entry !== undefined && isSameVersion(entry, earlier);
    };
    const found: Prediction[] = [];
    try {
      for await (const chunkId of this.#chunksAround(entries[0]!.key, entries.at(-1)!.key)) {
        const numbers = new Set<number>();
        for (const [i, entry] of (await this.#chunks.get(chunkId)).entries()) {
          if (isSame(entry)) numbers.add(Math.floor(i / this.#spec.frozen.batchImages));
          else byKey.delete(entry.key);
        }
        for (const n of numbers) {
          for (const modelId of modelIds) {
            const records = await this.#shard(modelId, batchIdOf(chunkId, n));
            found.push(...records.filter((record) => record.status === "ok" && isSame(record)));
          }
        }
      }
    } catch (error) {
      if (!hasCode(error, "RUN_INVALID")) throw error;
    }
    return found;
  }

  close(): Promise<void> {
    return this.#folder.close();
  }

  /** Ids of the chunks whose keys may lie between the two, both included. */
  async *#chunksAround(firstKey: string, lastKey: string): AsyncGenerator<string> {
    let [low, high] = [0, this.#chunkIds.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (await this.#beginsAfter(middle, firstKey)) high = middle;
      else low = middle + 1;
    }
    for (let i = Math.max(0, low - 1); i < this.#chunkIds.length; i++) {
      if (await this.#beginsAfter(i, lastKey)) return;
      yield this.#chunkIds[i]!;
    }
  }

  /** Whether every key of a chunk comes after this one. A range's last chunk may be empty: then the next one decides. */
  async #beginsAfter(i: number, key: string): Promise<boolean> {
    for (let at = i; at < this.#chunkIds.length; at++) {
      const first = await this.#firstKey(this.#chunkIds[at]!);
      if (first !== null) return compareKeys(first, key) > 0;
    }
    return true;
  }

  async #firstKey(chunkId: string): Promise<string | null> {
    const known = this.#firstKeys.get(chunkId);
    if (known !== undefined) return known;
    const first = (await this.#chunks.get(chunkId))[0]?.key ?? null;
    this.#firstKeys.set(chunkId, first);
    return first;
  }

  async #shard(modelId: string, batchId: string): Promise<Prediction[]> {
    try {
      const { format } = this.#spec.frozen;
      return (await readCommitted(this.#folder, { modelId, batchId, format }))?.value ?? [];
    } catch (error) {
      if (!hasCode(error, "RUN_INVALID")) throw error;
      return [];
    }
  }
}
