import { chunkEntriesOf, type RangeDone, rangeDoneSchema, rangesSchema } from "@labelfleet/shared/contract/manifest";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunReport, StoredSizes } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { disagreementOf } from "@labelfleet/shared/run/check-report";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";

/** How much of manifest and predictions lies in a run's folder, by its listing alone. */
export async function storedSizes(folder: RunFolder): Promise<StoredSizes> {
  const sizes: StoredSizes = { chunks: 0, chunkBytes: 0, shards: 0, shardBytes: 0 };
  for await (const { name, sizeBytes } of folder.list(runNames.manifest)) {
    if (!name.endsWith(".jsonl.gz")) continue;
    sizes.chunks++;
    sizes.chunkBytes += sizeBytes;
  }
  for await (const { sizeBytes } of folder.list(runNames.predictions)) {
    sizes.shards++;
    sizes.shardBytes += sizeBytes;
  }
  return sizes;
}

/**
 * Why a finished run may have lost something since its report was written, by listings and without reading a record; null when
 * nothing points to that. A retry changes sizes as well, until it replaces the report.
 *
 * @throws RUN_INVALID when a document of the manifest cannot be read
 */
export async function lossOf(folder: RunFolder, spec: RunSpec, report: RunReport): Promise<string | null> {
  const totals = await totalsOf(folder);
  if (totals === null) return "its manifest is not complete";
  const images = totals.reduce((sum, done) => sum + done.images, 0);
  const disagreement = disagreementOf(report, spec, images);
  if (disagreement !== null) return `${runNames.report} ${disagreement}`;
  const found = await storedSizes(folder);
  const chunks = totals.reduce((sum, done) => sum + done.chunks, 0);
  if (found.chunks !== chunks) return `${found.chunks} of ${chunks} chunks of its manifest are there`;
  const shards = totals.reduce((sum, done) => sum + batchesOf(done, spec), 0) * spec.frozen.models.length;
  if (found.shards !== shards) return `${found.shards} of ${shards} shards are there`;
  const { stored } = report;
  if (stored === undefined) return null;
  if (found.shardBytes !== stored.shardBytes) {
    return `its shards have ${found.shardBytes} bytes, and had ${stored.shardBytes} when its report was written`;
  }
  if (found.chunkBytes === stored.chunkBytes) return null;
  return `its manifest has ${found.chunkBytes} bytes, and had ${stored.chunkBytes} when its report was written`;
}

/** Of each range; null while one has none. */
async function totalsOf(folder: RunFolder): Promise<RangeDone[] | null> {
  const ranges = (await folder.readJson(runNames.ranges, rangesSchema))?.value.ranges ?? null;
  if (ranges === null) return null;
  const totals: RangeDone[] = [];
  for (const { id } of ranges) {
    const done = await folder.readJson(runNames.rangeDone(id), rangeDoneSchema);
    if (done === null) return null;
    totals.push(done.value);
  }
  return totals;
}

/** All chunks of a range are full but its last. */
function batchesOf({ chunks, images }: RangeDone, { frozen: { batchImages } }: RunSpec): number {
  const full = Math.max(0, chunks - 1);
  const chunkEntries = chunkEntriesOf(batchImages);
  return full * (chunkEntries / batchImages) + Math.ceil(Math.max(0, images - full * chunkEntries) / batchImages);
}
