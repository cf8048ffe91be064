import type { ManifestEntry } from "../contract/manifest.js";
import type { Prediction } from "../contract/prediction.js";
import { mayBeOf } from "../storage/etag.js";
import { compareKeys } from "../storage/key-order.js";
import { withoutRecord } from "./check-shard.js";
import type { Problems } from "./problems.js";
import type { RecordCursor } from "./record-cursor.js";

/** A shard that is read. */
export interface ShardReading {
  modelId: string;
  name: string;
  records: RecordCursor;
}

/**
 * The records of a batch, image by image, in the order of the manifest: of each entry exactly one a shard. What is missing, and what
 * does not belong to the batch, is told once a shard.
 */
export async function* recordsOfBatch(
  entries: readonly ManifestEntry[],
  shards: readonly ShardReading[],
  problems: Problems,
): AsyncGenerator<Prediction[]> {
  const checks = shards.map((shard) => new ShardCheck(shard, entries.length));
  for (const entry of entries) {
    const image: Prediction[] = [];
    for (const check of checks) {
      const record = await check.take(entry);
      if (record !== null) image.push(record);
    }
    if (image.length > 0) yield image;
  }
  for (const check of checks) await check.end(problems);
}

class ShardCheck {
  readonly #shard: ShardReading;
  readonly #images: number;
  readonly #missing: ManifestEntry[] = [];
  #foreign = 0;

  constructor(shard: ShardReading, images: number) {
    this.#shard = shard;
    this.#images = images;
  }

  /** The entry's record, or null. */
  async take(entry: ManifestEntry): Promise<Prediction | null> {
    const { records, modelId } = this.#shard;
    for (;;) {
      if (records.isDry) await records.fill();
      const record = records.current;
      const order = record === null ? 1 : record.key === entry.key ? 0 : compareKeys(record.key, entry.key);
      if (record === null || order > 0) {
        this.#missing.push(entry);
        return null;
      }
      records.advance();
      if (order === 0 && mayBeOf(entry, record) && record.modelId === modelId) return record;
      this.#foreign++;
    }
  }

  async end(problems: Problems): Promise<void> {
    const { name, records } = this.#shard;
    for (; ; records.advance()) {
      if (records.isDry) await records.fill();
      if (records.current === null) break;
      this.#foreign++;
    }
    if (this.#missing.length > 0) {
      const part = `${this.#images - this.#missing.length} of ${this.#images} records are there`;
      problems.add("record-missing", name, `${name}: ${part}, ${withoutRecord(this.#missing)}`);
    }
    if (this.#foreign > 0) {
      const foreign = this.#foreign === 1 ? "1 record is" : `${this.#foreign} records are`;
      problems.add("record-unexpected", name, `${name}: ${foreign} not of this batch`);
    }
  }
}
