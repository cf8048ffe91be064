import { partsOfBatchId } from "@labelfleet/shared/contract/ids";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import { batchIdInName, runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { Skipped } from "@labelfleet/shared/contract/skipped";
import { eachOf } from "@labelfleet/shared/each-of";
import { hasCode, toLabelfleetError } from "@labelfleet/shared/errors";
import { batchesOfChunk } from "@labelfleet/shared/run/batches-of-chunk";
import { checkShard, withoutRecord } from "@labelfleet/shared/run/check-shard";
import { ManifestWalk } from "@labelfleet/shared/run/manifest-walk";
import { Problems } from "@labelfleet/shared/run/problems";
import { factsOf, type RecordFacts, readShard } from "@labelfleet/shared/run/read-shard";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { batchesReadAtOnce } from "./shards-at-once.js";
import { type ModelCounts, Tally } from "./tally.js";

const batchesAtOnce = 4;

/** A whole run, read once from its folder. */
export interface RunFold {
  images: number;
  records: number;
  ok: number;
  failed: number;
  failedByCode: Record<string, number>;
  models: ModelCounts[];
  skipped: Skipped;
  problems: Problems;
  /** Every object that was listed has exactly one record per model, and the listing is complete. */
  isComplete: boolean;
  /** The first batches that have a shard which is not as it should be, and those that lack one. */
  damagedBatches: Set<string>;
  missingBatches: Set<string>;
}

/** Batches that are named; a run of more damage than that is mended in several turns. */
const maxNamedBatches = 100_000;

/**
 * Reads manifest and shards side by side, a few batches at a time, and checks them record by record. `report`, `verify` and
 * the finalizer all stand on this. Rejects only with what the store rejects with: what is wrong is in the result.
 */
export async function foldRun(folder: RunFolder, spec: RunSpec): Promise<RunFold> {
  const { models, batchImages, format } = spec.frozen;
  const problems = new Problems();
  const walk = new ManifestWalk(folder, spec, problems);
  const tally = new Tally(models.map((model) => model.id));
  const chunkImages = new Map<string, number>();
  const damagedBatches = new Set<string>();
  const missingBatches = new Set<string>();
  const note = (batches: Set<string>, batchId: string) => {
    if (batches.size < maxNamedBatches) batches.add(batchId);
  };
  let images = 0;

  async function* batches() {
    for await (const { chunkId, entries } of walk.chunks()) {
      if (entries === null) continue;
      images += entries.length;
      chunkImages.set(chunkId, entries.length);
      for (const { batchId, start, end } of batchesOfChunk({ chunkId, images: entries.length }, batchImages)) {
        yield { batchId, entries: entries.slice(start, end) };
      }
    }
  }

  const shardOf = async (modelId: string, batchId: string, entries: ManifestEntry[]): Promise<RecordFacts[] | null> => {
    const name = runNames.shard(modelId, batchId, format);
    try {
      const stored = await readShard(folder, { name, format }, factsOf);
      if (stored === null) {
        problems.add("shard-missing", name, `${name} is missing: ${withoutRecord(entries)}`);
        note(missingBatches, batchId);
        return null;
      }
      const { value: records } = stored;
      if (!checkShard({ name, modelId, entries, records, problems })) note(damagedBatches, batchId);
      return records;
    } catch (error) {
      if (!hasCode(error, "RUN_INVALID")) throw error;
      problems.add("shard-unreadable", name, `${toLabelfleetError(error).message}: ${withoutRecord(entries)}`);
      note(damagedBatches, batchId);
      return null;
    }
  };

  await eachOf(batches(), batchesReadAtOnce(spec, batchesAtOnce), async ({ batchId, entries }) => {
    tally.addBatch(entries, await Promise.all(models.map((model) => shardOf(model.id, batchId, entries))));
  });
  await findUnexpectedShards(folder, spec, chunkImages, problems);
  return {
    images,
    records: tally.records,
    ...tally.images,
    models: tally.models,
    skipped: walk.skipped,
    problems,
    isComplete: problems.total === 0,
    damagedBatches,
    missingBatches,
  };
}

/** Names whatever lies under predictions/ and is no shard of this run: readers would take it for one. */
async function findUnexpectedShards(
  folder: RunFolder,
  spec: RunSpec,
  chunkImages: Map<string, number>,
  problems: Problems,
): Promise<void> {
  const { models, format, batchImages } = spec.frozen;
  const prefixes = models.map((model) => runNames.modelPredictions(model.id));
  const isBatch = (name: string): boolean => {
    const batchId = batchIdInName(name);
    if (batchId === null || !name.endsWith(`.${format}`)) return false;
    const { chunkId, n } = partsOfBatchId(batchId);
    return n * batchImages < (chunkImages.get(chunkId) ?? 0);
  };
  for await (const { name } of folder.list(runNames.predictions)) {
    const isOfModel = prefixes.some((prefix) => name.startsWith(prefix) && !name.includes("/", prefix.length));
    if (!isOfModel || !isBatch(name)) {
      problems.add("shard-unexpected", name, `${name} belongs to no batch of the run`);
    }
  }
}
