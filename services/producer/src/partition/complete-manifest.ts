import {
  chunkEntriesOf,
  type RangeDone,
  type RangeSkipped,
  rangeDoneSchema,
  rangeSkippedSchema,
  rangesSchema,
  type Skipped,
} from "@labelfleet/shared/contract/manifest";
import { chunkIdInName, runNames } from "@labelfleet/shared/contract/run-names";
import { nothingSkipped } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { compareKeys } from "@labelfleet/shared/storage/key-order";
import { type Input, inputEntries, maxImagesOf, type Range } from "../list/input-entries.js";
import type { ChunkRef } from "./batches-of-chunk.js";
import type { ChunkLog } from "./chunk-log.js";
import { RangeWriter } from "./range-writer.js";

/**
 * Brings the manifest of a run to its end: tells the log every chunk, those that lie there and those it lists and writes
 * now. Each range goes on after the last key of its last chunk; a finished one is only read.
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
  const { folder, log } = options;
  for (const range of await readRanges(folder)) {
    const done = await folder.readJson(runNames.rangeDone(range.id), rangeDoneSchema);
    if (done !== null) await readRange(folder, range, done.value, log);
    else await listRange({ ...options, range });
    options.signal?.throwIfAborted();
  }
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

async function readRange(folder: RunFolder, range: Range, done: RangeDone, log: ChunkLog): Promise<void> {
  let chunks = 0;
  for await (const chunk of storedChunks(folder, range)) {
    // Beyond the end that another producer found first, nothing counts.
    if (chunks++ < done.chunks) log.append(chunk.ref);
  }
}

async function listRange(options: {
  folder: RunFolder;
  spec: RunSpec;
  input: Input;
  log: ChunkLog;
  range: Range;
  signal?: AbortSignal;
}): Promise<void> {
  const { folder, input, log, range, signal } = options;
  const { filters, batchImages } = options.spec.frozen;
  const writer = new RangeWriter({
    folder,
    rangeId: range.id,
    chunkEntries: chunkEntriesOf(batchImages),
    maxImages: maxImagesOf(filters) - log.images,
    onChunk: (chunk) => log.append(chunk),
  });
  const start = await adoptStored(folder, range, writer, filters.sample !== null);
  const { skipped } = start;
  // A sample is drawn anew; else the listing starts where the saved counts of what is left out end.
  if (!writer.isAtLimit || start.afterKey !== writer.lastKey) {
    for await (const entry of inputEntries({ input, filters, range, afterKey: start.afterKey, skipped, signal })) {
      signal?.throwIfAborted();
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
  const saved = isSample ? null : await folder.readJson(runNames.rangeSkipped(range.id), rangeSkippedSchema);
  let afterKey: string | null = null;
  for await (const { entries } of storedChunks(folder, range)) {
    writer.adopt(entries);
    if (writer.chunks === saved?.value.chunks) afterKey = writer.lastKey;
  }
  return { afterKey, skipped: { ...(afterKey === null ? nothingSkipped : saved!.value.skipped) } };
}

async function saveSkipped(folder: RunFolder, range: Range, chunks: number, skipped: Skipped): Promise<void> {
  const counts: RangeSkipped = { schemaVersion: 1, chunks, skipped };
  await folder.writeJson(runNames.rangeSkipped(range.id), counts);
}

async function* storedChunks(folder: RunFolder, range: Range) {
  for await (const { name } of folder.list(`${runNames.manifest}${range.id}-`)) {
    const chunkId = chunkIdInName(name);
    if (chunkId === null) continue;
    const entries = await folder.readChunk(chunkId);
    const ref: ChunkRef = { rangeId: range.id, chunkId, images: entries.length };
    yield { ref, entries };
  }
}
