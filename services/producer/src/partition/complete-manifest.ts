import { setMaxListeners } from "node:events";
import {
  chunkEntriesOf,
  listingsAtOnce,
  type RangeDone,
  type RangeSkipped,
  rangeDoneSchema,
  rangeSkippedSchema,
  rangesSchema,
} from "@labelfleet/shared/contract/manifest";
import { chunkIdInName, runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { noneSkipped, type Skipped } from "@labelfleet/shared/contract/skipped";
import { eachOf } from "@labelfleet/shared/each-of";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { ChunkRef } from "@labelfleet/shared/run/batches-of-chunk";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { compareKeys } from "@labelfleet/shared/storage/key-order";
import { type Input, inputEntries, maxImagesOf, type Range } from "../list/input-entries.js";
import type { ChunkLog } from "./chunk-log.js";
import { RangeWriter } from "./range-writer.js";

/**
 * Brings the manifest of a run to its end, several ranges at a time: tells the log every chunk, those that lie there and those
 * it lists and writes now. Each range goes on after the last key of its last chunk; a finished one is not listed again. The
 * first range that fails stops the others.
 *
 * Invariant: a run with a --limit or a sample has one range, because both are counted over the whole listing.
 *
 * @throws RUN_INVALID, what the input's store rejects with, or the signal's reason
 */
export async function completeManifest(options: {
  folder: RunFolder;
  spec: RunSpec;
  input: Input;
  log: ChunkLog;
  signal?: AbortSignal;
}): Promise<void> {
  const { folder, spec, log } = options;
  const stopping = new AbortController();
  const signal = AbortSignal.any([stopping.signal, ...(options.signal ? [options.signal] : [])]);
  // Every request that is under way listens to it.
  setMaxListeners(0, signal);
  await eachOf(await readRanges(folder), listingsAtOnce, async (range) => {
    try {
      const done = await folder.readJson(runNames.rangeDone(range.id), rangeDoneSchema);
      if (done === null) await listRange({ ...options, range, signal });
      else for (const chunk of await chunksOfDone(folder, range, done.value, spec)) log.append(chunk);
      signal.throwIfAborted();
    } catch (error) {
      stopping.abort(error);
      throw error;
    }
  });
  log.end();
}

/** manifest/ranges.json. @throws RUN_INVALID */
export async function readRanges(folder: RunFolder): Promise<Range[]> {
  const stored = await folder.readJson(runNames.ranges, rangesSchema);
  if (stored !== null) return stored.value.ranges;
  throw new LabelfleetError(
    "RUN_INVALID",
    `${folder.uri}${runNames.ranges} is missing: the run was never started fully, start a new one`,
  );
}

/**
 * All chunks of a range are full but its last, so its totals tell them all. Only those that lie there: totals may say anything, and
 * nobody could do the batches of a chunk that is missing, which the check of the folder names.
 */
async function chunksOfDone(folder: RunFolder, range: Range, done: RangeDone, spec: RunSpec): Promise<ChunkRef[]> {
  const chunkEntries = chunkEntriesOf(spec.frozen.batchImages);
  return (await chunkIdsOf(folder, range)).flatMap((chunkId) => {
    const seq = Number(chunkId.slice(range.id.length + 1));
    const images = Math.min(chunkEntries, done.images - seq * chunkEntries);
    return seq < done.chunks && images >= 0 ? [{ rangeId: range.id, chunkId, images }] : [];
  });
}

async function chunkIdsOf(folder: RunFolder, range: Range): Promise<string[]> {
  const chunkIds: string[] = [];
  for await (const { name } of folder.list(`${runNames.manifest}${range.id}-`)) {
    const chunkId = chunkIdInName(name);
    if (chunkId !== null) chunkIds.push(chunkId);
  }
  return chunkIds;
}

async function listRange(options: {
  folder: RunFolder;
  spec: RunSpec;
  input: Input;
  log: ChunkLog;
  range: Range;
  signal: AbortSignal;
}): Promise<void> {
  const { folder, input, log, range, signal } = options;
  const { filters, batchImages } = options.spec.frozen;
  const writer = new RangeWriter({
    folder,
    rangeId: range.id,
    chunkEntries: chunkEntriesOf(batchImages),
    maxImages: maxImagesOf(filters),
    onChunk: (chunk) => log.append(chunk),
  });
  const start = await adoptStored(folder, range, writer, filters.sample !== null);
  const { skipped } = start;
  // A sample is drawn anew; else the listing starts where the saved counts of what is left out end.
  if (!writer.isAtLimit || start.afterKey !== writer.lastKey) {
    for await (const entry of inputEntries({ input, filters, range, afterKey: start.afterKey, skipped, signal })) {
      signal.throwIfAborted();
      if (await writer.add(entry)) await saveSkipped(folder, range, writer.chunks, skipped);
      if (writer.isAtLimit && compareKeys(entry.key, writer.lastKey ?? "") >= 0) break;
    }
  }
  await writer.finish(skipped);
}

/**
 * Hands the chunks that lie there to the writer. Returns the counts of what was left out before `afterKey`: up to the last
 * chunk, or to an earlier one when a producer died before it saved them.
 */
async function adoptStored(
  folder: RunFolder,
  range: Range,
  writer: RangeWriter,
  isSample: boolean,
): Promise<{ afterKey: string | null; skipped: Skipped }> {
  const chunkIds = await chunkIdsOf(folder, range);
  const last = chunkIds.at(-1);
  if (last === undefined) return { afterKey: null, skipped: noneSkipped() };
  writer.adoptFull(chunkIds.length - 1);
  writer.adopt(await folder.readChunk(last));
  const saved = isSample ? null : await folder.readJson(runNames.rangeSkipped(range.id), rangeSkippedSchema);
  const savedAt = chunkIds[(saved?.value.chunks ?? 0) - 1];
  if (saved === null || savedAt === undefined) return { afterKey: null, skipped: noneSkipped() };
  const afterKey = savedAt === last ? writer.lastKey : ((await folder.readChunk(savedAt)).at(-1)?.key ?? null);
  return { afterKey, skipped: saved.value.skipped };
}

async function saveSkipped(folder: RunFolder, range: Range, chunks: number, skipped: Skipped): Promise<void> {
  const counts: RangeSkipped = { schemaVersion: 1, chunks, skipped };
  await folder.writeJson(runNames.rangeSkipped(range.id), counts);
}
