import { partsOfBatchId } from "../contract/ids.js";
import type { ManifestEntry } from "../contract/manifest.js";
import type { Prediction } from "../contract/prediction.js";
import { batchIdInName, runNames } from "../contract/run-names.js";
import type { OutputFormat, RunSpec } from "../contract/run-spec.js";
import { LabelfleetError } from "../errors.js";
import { mergeSorted } from "../merge-sorted.js";
import { compareKeys } from "../storage/key-order.js";
import { batchesOfChunk } from "./batches-of-chunk.js";
import { wholeShardBytes } from "./bounds.js";
import { withoutRecord } from "./check-shard.js";
import { ManifestWalk } from "./manifest-walk.js";
import { Problems } from "./problems.js";
import { RecordCursor } from "./record-cursor.js";
import { recordsOfBatch, type ShardReading } from "./records-of-batch.js";
import type { RunFolder } from "./run-folder.js";
import { decodePieces } from "./shard-codec.js";
import { scanRecords } from "./shard-rows.js";

/** Shards that are read ahead of the consumer. */
const readAheadBatches = 8;
const readAheadBytes = 16 * 1024 * 1024;

interface Planned {
  batchId: string;
  entries: ManifestEntry[];
}

interface Shard {
  batchId: string;
  modelId: string;
  name: string;
  etag: string;
  sizeBytes: number;
  format: OutputFormat;
}

/** A batch with the shards that lie there. `entries` is null where the manifest cannot say them. */
interface Batch {
  entries: ManifestEntry[] | null;
  shards: Shard[];
}

/** What an export was compared with. */
export class ManifestCheck {
  readonly problems = new Problems();
  /** In the manifest, as far as it can be read. */
  images = 0;
}

/**
 * The records of a run as they lie there, image by image in key order: all of one image, in the order of the models. They are
 * compared with the manifest: what is missing is named, and what belongs to no batch is named and left out. Of a run that is not
 * complete, those that there are. Memory is bounded by a few batches.
 *
 * @param modelIds models of the run
 * @throws RUN_INVALID for a shard that cannot be read; while a shard is read, what the store rejects with
 */
export async function* recordsByImage(
  folder: RunFolder,
  spec: RunSpec,
  modelIds: string[],
  check = new ManifestCheck(),
): AsyncGenerator<Prediction[]> {
  for await (const { entries, readings } of readBatches(folder, batchesOf(folder, spec, modelIds, check))) {
    const shards = await readings;
    try {
      if (entries !== null) yield* recordsOfBatch(entries, shards, check.problems);
      else yield* asTheyLie(shards);
    } finally {
      for (const { records } of shards) await records.close();
    }
  }
}

/** Manifest and shards side by side. */
async function* batchesOf(
  folder: RunFolder,
  spec: RunSpec,
  modelIds: string[],
  check: ManifestCheck,
): AsyncGenerator<Batch> {
  const { problems } = check;
  const { format, batchImages } = spec.frozen;
  const walk = new ManifestWalk(folder, spec, problems);
  /** Chunks whose entries cannot be told. */
  const lost = new Set<string>();
  async function* planned(): AsyncGenerator<Planned> {
    for await (const { chunkId, entries } of walk.chunks()) {
      if (entries === null) lost.add(chunkId);
      else check.images += entries.length;
      for (const { batchId, start, end } of batchesOfChunk({ chunkId, images: entries?.length ?? 0 }, batchImages)) {
        yield { batchId, entries: entries!.slice(start, end) };
      }
    }
  }
  const sources = [planned(), ...modelIds.map((modelId) => shardsOf(folder, modelId, format, problems))];
  const merged = mergeSorted<Planned | Shard>(sources, ({ batchId }) => batchId, compareKeys);
  for await (const [plan, ...found] of merged) {
    const shards = found.filter((shard): shard is Shard => shard !== null);
    if (plan !== null && plan !== undefined && "entries" in plan) {
      for (const [m, shard] of found.entries()) {
        if (shard !== null) continue;
        const name = runNames.shard(modelIds[m]!, plan.batchId, format);
        problems.add("shard-missing", name, `${name} is missing: ${withoutRecord(plan.entries)}`);
      }
      yield { entries: plan.entries, shards };
      continue;
    }
    const { rangeId, chunkId } = partsOfBatchId(shards[0]!.batchId);
    if (lost.has(chunkId) || walk.mayHave(rangeId)) yield { entries: null, shards };
    else
      for (const { name } of shards) problems.add("shard-unexpected", name, `${name} belongs to no batch of the run`);
  }
}

async function* shardsOf(
  folder: RunFolder,
  modelId: string,
  format: OutputFormat,
  problems: Problems,
): AsyncGenerator<Shard> {
  for await (const { name, etag, sizeBytes } of folder.list(runNames.modelPredictions(modelId))) {
    const batchId = batchIdInName(name);
    if (batchId !== null && name === runNames.shard(modelId, batchId, format)) {
      yield { batchId, modelId, name, etag, sizeBytes, format };
    } else problems.add("shard-unexpected", name, `${name} belongs to no batch of the run`);
  }
}

interface BatchReading {
  entries: ManifestEntry[] | null;
  readings: Promise<ShardReading[]>;
}

/** The batches in order, a few read ahead. */
async function* readBatches(folder: RunFolder, batches: AsyncIterable<Batch>): AsyncGenerator<BatchReading> {
  const ahead: (BatchReading & { sizeBytes: number })[] = [];
  let bytesAhead = 0;
  for await (const { entries, shards } of batches) {
    // A large one is read piece by piece when its turn comes.
    const sizeBytes = shards.reduce((sum, shard) => sum + (isLarge(shard) ? 0 : shard.sizeBytes), 0);
    while (ahead.length >= readAheadBatches || (ahead.length > 0 && bytesAhead + sizeBytes > readAheadBytes)) {
      const first = ahead.shift()!;
      yield first;
      bytesAhead -= first.sizeBytes;
    }
    const readings = Promise.all(shards.map((shard) => readingOf(folder, shard)));
    // It is awaited in its turn, and must not count as unhandled before.
    readings.catch(() => {});
    ahead.push({ entries, readings, sizeBytes });
    bytesAhead += sizeBytes;
  }
  yield* ahead;
}

const isLarge = ({ sizeBytes }: Shard) => sizeBytes > wholeShardBytes;

async function readingOf(folder: RunFolder, shard: Shard): Promise<ShardReading> {
  const { modelId, name, format } = shard;
  if (isLarge(shard)) return { modelId, name, records: new RecordCursor(scanRecords(folder, shard)) };
  const where = `${folder.uri}${name}`;
  const stored = await folder.readBytes(name, wholeShardBytes);
  if (stored === null) throw new LabelfleetError("RUN_INVALID", `${where} is missing`);
  return { modelId, name, records: new RecordCursor(decodePieces(stored.value, format, where)) };
}

/** Records of a batch that no manifest tells, by their keys. */
async function* asTheyLie(shards: ShardReading[]): AsyncGenerator<Prediction[]> {
  const sources = shards.map(({ records }) => eachOf(records));
  for await (const image of mergeSorted(sources, ({ key }) => key, compareKeys)) {
    yield image.filter((record) => record !== null);
  }
}

async function* eachOf(records: RecordCursor): AsyncGenerator<Prediction> {
  for (; ; records.advance()) {
    if (records.isDry) await records.fill();
    if (records.current === null) return;
    yield records.current;
  }
}
