import { batchIdOf, chunkIdOf, newRunId } from "@labelfleet/shared/contract/ids";
import { chunkEntriesOf } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { defaultImageLimits, type OutputFormat, type RunSpec } from "@labelfleet/shared/contract/run-spec";
import { noneSkipped } from "@labelfleet/shared/contract/skipped";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";

const shardsAtOnce = 4;

export interface MadeUpRunOptions {
  /** Where the run's folder is made, and where its images lie. */
  out: string;
  input: string;
  modelIds: string[];
  images: number;
  batchImages: number;
  format?: OutputFormat;
  /** The record of image `i` by a model. */
  record: (i: number, modelId: string) => Prediction;
}

/** A finished run that nobody worked on: run.json, the shards, and a report with their counts. Returns its URI. */
export async function makeUpRun(options: MadeUpRunOptions): Promise<string> {
  const { modelIds, images, batchImages, record, format = "jsonl" } = options;
  const runId = newRunId(new Date());
  const folder = await RunFolder.open(`${options.out}/${runId}`);
  const counts = new Map(modelIds.map((id) => [id, { ok: 0, failed: 0 }]));
  try {
    const spec = specOf(options, runId, format);
    await folder.writeJson(runNames.spec, spec);
    const shards = modelIds.flatMap((modelId) =>
      Array.from({ length: Math.ceil(images / batchImages) }, (_, n) => ({ modelId, n })),
    );
    const perChunk = chunkEntriesOf(batchImages) / batchImages;
    await writeManifest(folder, options);
    const rest = shards.values();
    const lane = async () => {
      for (const { modelId, n } of rest) {
        const length = Math.min(batchImages, images - n * batchImages);
        const records = Array.from({ length }, (_, i) => record(n * batchImages + i, modelId));
        for (const { status } of records) counts.get(modelId)![status]++;
        const batchId = batchIdOf(chunkIdOf("r000", Math.floor(n / perChunk)), n % perChunk);
        const key = folder.keyOf(runNames.shard(modelId, batchId, format));
        await folder.store.put(key, await encodeShard(records, format));
      }
    };
    await Promise.all(Array.from({ length: shardsAtOnce }, lane));
    await folder.writeJson(runNames.report, reportOf(folder.uri, spec, images, counts));
    await folder.writeFirst(runNames.success, new Uint8Array(), "text/plain");
    return folder.uri;
  } finally {
    await folder.close();
  }
}

async function writeManifest(
  folder: RunFolder,
  { images, batchImages, record, modelIds }: MadeUpRunOptions,
): Promise<void> {
  const ranges = [{ id: "r000", afterKey: null, throughKey: null }];
  await folder.writeJson(runNames.ranges, { schemaVersion: 1, ranges });
  const chunkEntries = chunkEntriesOf(batchImages);
  const chunks = Math.floor(images / chunkEntries) + 1;
  for (let seq = 0; seq < chunks; seq++) {
    const length = Math.min(chunkEntries, images - seq * chunkEntries);
    const entries = Array.from({ length }, (_, i) => {
      const { key, etag, sizeBytes } = record(seq * chunkEntries + i, modelIds[0]!);
      return { key, etag, sizeBytes };
    });
    await folder.writeChunk(chunkIdOf("r000", seq), entries);
  }
  await folder.writeJson(runNames.rangeDone("r000"), { schemaVersion: 1, chunks, images, skipped: noneSkipped() });
}

function specOf({ out, input, modelIds, batchImages }: MadeUpRunOptions, runId: string, format: OutputFormat): RunSpec {
  const sha256 = "0".repeat(64);
  return {
    schemaVersion: 1,
    runId,
    frozen: {
      input,
      output: out,
      filters: { include: [], exclude: [], limit: null, sample: null },
      models: modelIds.map((id) => ({ id, sha256, weightsSha256: sha256, precision: "fp32" })),
      since: null,
      topK: 5,
      threshold: null,
      background: null,
      embeddings: false,
      format,
      batchImages,
      device: "cpu",
      conditionalPut: true,
      created: new Date().toISOString(),
      version: "0.0.0",
    },
    overridable: { lane: "default", maxFailed: { kind: "share", share: 0.1 }, limits: defaultImageLimits },
  };
}

function reportOf(
  run: string,
  spec: RunSpec,
  images: number,
  counts: Map<string, { ok: number; failed: number }>,
): RunReport {
  const models = [...counts].map(([id, { ok, failed }]) => ({ id, ok, failed, failedByCode: {} }));
  const failed = Math.max(...models.map((model) => model.failed));
  return {
    schemaVersion: 1,
    run,
    runId: spec.runId,
    complete: true,
    images,
    ok: images - failed,
    failed,
    failedByCode: {},
    skipped: noneSkipped(),
    models,
    wallSeconds: 60,
    imagesPerSecond: images / 60,
    steadyImagesPerSecond: null,
    timeToFirstPredictionSeconds: 1,
    carriedOver: 0,
    bytesRead: 0,
    meanInferenceBatch: null,
    queueWaitSeconds: null,
    stages: [],
    bottleneck: "No worker processed this run",
    workers: [],
    created: spec.frozen.created,
    finished: new Date().toISOString(),
  };
}
