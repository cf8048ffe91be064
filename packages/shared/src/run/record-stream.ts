import type { Prediction } from "../contract/prediction.js";
import { batchIdInName, runNames } from "../contract/run-names.js";
import type { RunSpec } from "../contract/run-spec.js";
import { LabelfleetError } from "../errors.js";
import { mergeSorted } from "../merge-sorted.js";
import { compareKeys } from "../storage/key-order.js";
import type { RunFolder } from "./run-folder.js";
import { decodeShard } from "./shard-codec.js";

/** Shards that are read ahead of the consumer; one batch is always read, however large. */
const readAheadBatches = 8;
const readAheadBytes = 16 * 1024 * 1024;

interface Shard {
  batchId: string;
  name: string;
  sizeBytes: number;
}

/**
 * The records of a run as they lie there, image by image in key order: all of one image, in the order of the models. Of a run
 * that is not complete, those that there are. Memory is bounded by a few batches.
 *
 * @param modelIds models of the run
 * @throws RUN_INVALID for a shard that cannot be read; while a shard is read, what the store rejects with
 */
export async function* recordsByImage(
  folder: RunFolder,
  spec: RunSpec,
  modelIds: string[],
): AsyncGenerator<Prediction[]> {
  const listings = modelIds.map((modelId) => shardsOf(folder, modelId));
  const batches = mergeSorted(listings, ({ batchId }) => batchId, compareKeys);
  for await (const shards of readBatches(folder, spec, batches)) {
    for await (const records of mergeSorted(shards, ({ key }) => key, compareKeys)) {
      yield records.filter((record) => record !== null);
    }
  }
}

async function* shardsOf(folder: RunFolder, modelId: string): AsyncGenerator<Shard> {
  for await (const { name, sizeBytes } of folder.list(runNames.modelPredictions(modelId))) {
    const batchId = batchIdInName(name);
    if (batchId !== null) yield { batchId, name, sizeBytes };
  }
}

/** Each batch's shards, in order, a few batches read ahead. */
async function* readBatches(
  folder: RunFolder,
  spec: RunSpec,
  batches: AsyncIterable<(Shard | null)[]>,
): AsyncGenerator<Prediction[][]> {
  const ahead: { sizeBytes: number; records: Promise<Prediction[][]> }[] = [];
  let bytesAhead = 0;
  for await (const batch of batches) {
    const shards = batch.filter((shard) => shard !== null);
    const sizeBytes = shards.reduce((sum, shard) => sum + shard.sizeBytes, 0);
    while (ahead.length >= readAheadBatches || (ahead.length > 0 && bytesAhead + sizeBytes > readAheadBytes)) {
      const first = ahead.shift()!;
      yield await first.records;
      bytesAhead -= first.sizeBytes;
    }
    const records = Promise.all(shards.map(({ name }) => readShard(folder, spec, name)));
    // It is awaited in its turn, and must not count as unhandled before.
    records.catch(() => {});
    ahead.push({ sizeBytes, records });
    bytesAhead += sizeBytes;
  }
  for (const { records } of ahead) yield await records;
}

async function readShard(folder: RunFolder, spec: RunSpec, name: string): Promise<Prediction[]> {
  const stored = await folder.readBytes(name);
  if (stored === null) throw new LabelfleetError("RUN_INVALID", `${folder.uri}${name} is missing`);
  return decodeShard(stored.value, spec.frozen.format, `${folder.uri}${name}`);
}
