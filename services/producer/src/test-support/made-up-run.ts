import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { defaultImageLimits, type RunSpec } from "@labelfleet/shared/contract/run-spec";
import { batchesOfChunk } from "@labelfleet/shared/run/batches-of-chunk";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";
import { MemoryStore } from "./memory-store.js";

export function specOf(options: Partial<RunSpec["frozen"]> & { modelIds?: string[] } = {}): RunSpec {
  const { modelIds = ["m"], ...frozen } = options;
  const sha256 = "0".repeat(64);
  return {
    schemaVersion: 1,
    runId: "20260102t030405z-abcdef",
    frozen: {
      input: "s3://memory/in/",
      output: "s3://memory/out/",
      filters: { include: [], exclude: [], limit: null, sample: null },
      models: modelIds.map((id) => ({ id, sha256, weightsSha256: sha256, precision: "fp32" as const })),
      since: null,
      topK: 1,
      threshold: null,
      background: null,
      embeddings: false,
      format: "jsonl",
      batchImages: 2,
      device: "cpu",
      conditionalPut: true,
      created: "2026-01-02T03:04:05.000Z",
      version: "0.0.0",
      ...frozen,
    },
    overridable: { lane: "default", maxFailed: { kind: "share", share: 0.1 }, limits: defaultImageLimits },
  };
}

export function entriesOf(keys: string[]): ManifestEntry[] {
  return keys.map((key) => ({ key, etag: `etag-${key}`, sizeBytes: key.length }));
}

/** A record that is ok, or failed with the code. */
export function recordOf(entry: ManifestEntry, modelId: string, errorCode: string | null = null): Prediction {
  const isOk = errorCode === null;
  return {
    ...entry,
    width: isOk ? 2 : null,
    height: isOk ? 1 : null,
    modelId,
    status: isOk ? "ok" : "failed",
    top: isOk ? [{ index: 1, label: "goldfish", probability: 0.5 }] : null,
    embedding: null,
    errorCode,
    errorMessage: isOk ? null : "made up",
    retryable: isOk ? null : false,
    workerId: "w",
    pass: 0,
  };
}

export function emptyFolder(): { folder: RunFolder; store: MemoryStore } {
  const store = new MemoryStore();
  return { folder: new RunFolder(store, "run/", "s3://memory/run/"), store };
}

/** A complete run of one chunk in memory; `verdict` says the failure's code of an image and model, or null. */
export async function madeUpRun(
  keys: string[],
  spec: RunSpec,
  verdict: (key: string, modelId: string) => string | null = () => null,
): Promise<{ folder: RunFolder; store: MemoryStore }> {
  const { folder, store } = emptyFolder();
  const entries = entriesOf(keys);
  const { models, batchImages, format } = spec.frozen;
  await folder.writeJsonFirst(runNames.spec, spec);
  await folder.writeJsonFirst(runNames.ranges, {
    schemaVersion: 1,
    ranges: [{ id: "r000", afterKey: null, throughKey: null }],
  });
  await folder.writeChunk("r000-000000", entries);
  const skipped = { folderMarkers: 1, unnameable: 0, filtered: 2 };
  await folder.writeJsonFirst(runNames.rangeDone("r000"), {
    schemaVersion: 1,
    chunks: 1,
    images: entries.length,
    skipped,
  });
  for (const { batchId, start, end } of batchesOfChunk({ chunkId: "r000-000000", images: keys.length }, batchImages)) {
    for (const { id } of models) {
      const records = entries.slice(start, end).map((entry) => recordOf(entry, id, verdict(entry.key, id)));
      await folder.writeFirst(runNames.shard(id, batchId, format), await encodeShard(records, format), "");
    }
  }
  return { folder, store };
}
