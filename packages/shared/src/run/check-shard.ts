import type { ManifestEntry } from "../contract/manifest.js";
import { mayBeOf } from "../storage/etag.js";
import type { Problems } from "./problems.js";
import type { RecordFacts } from "./read-shard.js";

/**
 * Compares a shard with its slice of the manifest: exactly one record per entry, in the same order, of this model and of
 * the object that was listed. Names the key of everything that differs. Returns whether nothing does.
 */
export function checkShard(options: {
  name: string;
  modelId: string;
  entries: ManifestEntry[];
  records: RecordFacts[];
  problems: Problems;
}): boolean {
  const { name, modelId, entries, records, problems } = options;
  const before = problems.total;
  for (const record of records) {
    if (record.modelId !== modelId) {
      problems.add(
        "record-wrong",
        record.key,
        `${name}: ${quoted(record.key)} has a record of model ${record.modelId}`,
      );
    }
  }
  if (isSameOrder(entries, records)) {
    for (const [i, entry] of entries.entries()) {
      const what = differenceOf(entry, records[i]!);
      if (what !== null)
        problems.add("record-wrong", entry.key, `${name}: ${quoted(entry.key)} has a record of ${what}`);
    }
  } else checkMembers(options);
  return problems.total === before;
}

function differenceOf(entry: ManifestEntry, record: RecordFacts): string | null {
  if (mayBeOf(entry, record)) return null;
  return record.sizeBytes === entry.sizeBytes ? `etag ${record.etag}` : `${record.sizeBytes} bytes`;
}

function isSameOrder(entries: ManifestEntry[], records: RecordFacts[]): boolean {
  return entries.length === records.length && entries.every(({ key }, i) => records[i]!.key === key);
}

function checkMembers({ name, entries, records, problems }: Parameters<typeof checkShard>[0]): void {
  const counts = new Map<string, number>(entries.map(({ key }) => [key, 0]));
  let isComplete = true;
  for (const { key } of records) {
    const count = counts.get(key);
    if (count === undefined) {
      isComplete = false;
      problems.add("record-unexpected", key, `${name}: ${quoted(key)} has a record, but is not in the batch`);
    } else counts.set(key, count + 1);
  }
  for (const [key, count] of counts) {
    if (count === 1) continue;
    isComplete = false;
    if (count === 0) problems.add("record-missing", key, `${name}: ${quoted(key)} has no record`);
    else problems.add("record-doubled", key, `${name}: ${quoted(key)} has ${count} records`);
  }
  if (isComplete) problems.add("record-order", name, `${name}: the records are not in the manifest's order`);
}

/** What a shard that is not there leaves without a record. */
export function withoutRecord(entries: readonly Pick<ManifestEntry, "key">[]): string {
  const [first, last] = [entries[0]?.key, entries.at(-1)?.key].map((key) => JSON.stringify(key));
  if (entries.length === 1) return `1 image has no record: ${first}`;
  return `${entries.length} images have no record: ${first} to ${last}`;
}

/** Keys may hold any character; a message is one line. */
const quoted = (key: string): string => JSON.stringify(key);
