import { partsOfBatchId } from "@labelfleet/shared/contract/ids";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { hasCode } from "@labelfleet/shared/errors";
import { checkShard } from "@labelfleet/shared/run/check-shard";
import { currentVersion } from "@labelfleet/shared/run/own-version";
import { Problems } from "@labelfleet/shared/run/problems";
import { factsOf, readShard } from "@labelfleet/shared/run/read-shard";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import type { Rewrite } from "../rewrite/rewriter.js";

/**
 * What a batch needs so that each of its shards is there and holds exactly its records, by the folder as it is now; null when
 * nothing. The job names damaged shards by their etags, so it changes nothing once somebody rewrote them.
 *
 * @throws RUN_INVALID when the batch's chunk of the manifest cannot be read
 */
export async function mendOf(folder: RunFolder, spec: RunSpec, batchId: string): Promise<Rewrite | null> {
  const { models, format } = spec.frozen;
  const entries = await entriesOf(folder, spec, batchId);
  const rewrite: Record<string, string> = {};
  let isMissing = false;
  let lastPass = 0;
  for (const { id } of models) {
    const name = runNames.shard(id, batchId, format);
    try {
      const stored = await readShard(folder, { name, format }, factsOf);
      if (stored === null) {
        isMissing = true;
        continue;
      }
      const { value: records, etag } = stored;
      lastPass = records.reduce((last, { pass }) => Math.max(last, pass), lastPass);
      if (!checkShard({ name, modelId: id, entries, records, problems: new Problems() })) rewrite[id] = etag;
    } catch (error) {
      if (!hasCode(error, "RUN_INVALID")) throw error;
      const damaged = await currentVersion(folder.store, folder.keyOf(name));
      if (damaged === null) isMissing = true;
      else rewrite[id] = damaged;
    }
  }
  if (!isMissing && Object.keys(rewrite).length === 0) return null;
  const { rangeId: range, chunkId: chunk } = partsOfBatchId(batchId);
  const base = { schemaVersion: 1, run: folder.uri, runId: spec.runId, range, chunk, batchId } as const;
  const job = { ...base, pass: lastPass + 1, rewrite, retryCode: null, mend: true };
  return { job, images: entries.length };
}

async function entriesOf(folder: RunFolder, spec: RunSpec, batchId: string): Promise<ManifestEntry[]> {
  const { batchImages } = spec.frozen;
  const { chunkId, n } = partsOfBatchId(batchId);
  return (await folder.readChunk(chunkId)).slice(n * batchImages, (n + 1) * batchImages);
}
