import { BodyMemory } from "@labelfleet/gpu-worker/fetch/body-memory";
import { okRecord } from "@labelfleet/gpu-worker/write/records";
import { commitShard } from "@labelfleet/gpu-worker/write/shard-writer";
import { resolveModel } from "@labelfleet/models/registry";
import { keyFilterOf } from "@labelfleet/producer/list/key-filter";
import { listImages } from "@labelfleet/producer/list/list-images";
import { RangeWriter } from "@labelfleet/producer/partition/range-writer";
import { type ManifestEntry, maxChunkEntries } from "@labelfleet/shared/contract/manifest";
import { defaultImageLimits } from "@labelfleet/shared/contract/run-spec";
import { noneSkipped } from "@labelfleet/shared/contract/skipped";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { atOnce, type Stage, type StageOptions } from "./stage.js";

/** The listing and its manifest chunks, as the producer makes them, over and over. */
export async function listStage({ bucket, prefix }: StageOptions): Promise<Stage> {
  const { store } = await openStore(`s3://${bucket}/`);
  let round = 0;
  return {
    async run(images) {
      for (let listed = 0; listed < images; ) {
        const folder = await RunFolder.open(`s3://${bucket}/list-${process.pid}-${round++}`);
        const writer = new RangeWriter({ folder, rangeId: "r000", chunkEntries: maxChunkEntries, maxImages: images });
        const skipped = noneSkipped();
        const isWanted = keyFilterOf({ prefix, include: [], exclude: [] });
        for await (const entry of listImages({ store, prefix, afterKey: null, throughKey: null, isWanted, skipped })) {
          await writer.add(entry);
        }
        await writer.finish(skipped);
        listed += writer.images;
        await folder.close();
      }
    },
    close: () => store.close(),
  };
}

/** GETs as a loader thread makes them. */
export async function fetchStage({ bucket, prefix, concurrency }: StageOptions): Promise<Stage> {
  const { store } = await openStore(`s3://${bucket}/`);
  const entries: ManifestEntry[] = [];
  for await (const entry of store.list({ prefix })) entries.push(entry);
  const maxBytes = defaultImageLimits.maxObjectBytes;
  const bodies = new BodyMemory();
  const takeMemory = (sizeBytes: number) => bodies.take(sizeBytes);
  return {
    run: (images) =>
      atOnce(concurrency, images, async (i) => {
        const { key, etag } = entries[i % entries.length]!;
        const { body } = await store.get(key, { ifMatch: etag, maxBytes, takeMemory });
        bodies.give(body.buffer);
      }),
    close: () => store.close(),
  };
}

/** Records into shards, and shards into the run's folder by the commit rule. */
export async function writeStage({ bucket, model: name, concurrency, batchImages }: StageOptions): Promise<Stage> {
  const folder = await RunFolder.open(`s3://${bucket}/write-${process.pid}-${concurrency}`);
  const { labels } = await resolveModel(name);
  const ranked = [0, 1, 2, 3, 4].map((index) => ({ index, probability: 0.5 / (index + 1) }));
  const context = { modelId: "bench", labels, workerId: "bench-worker-0000", pass: 0, threshold: null };
  const size = { widthPx: 500, heightPx: 375 };
  let batches = 0;
  return {
    run: (images) =>
      atOnce(concurrency, Math.ceil(images / batchImages), async () => {
        const batchId = `r000-000000-${String(batches++).padStart(4, "0")}`;
        const records = Array.from({ length: batchImages }, (_, i) => {
          const entry = { key: `photos/photo-${i}.jpg`, etag: "d41d8cd98f00b204e9800998ecf8427e", sizeBytes: 46_000 };
          return okRecord(entry, size, ranked, null, context);
        });
        const options = { conditionalPut: true, replaces: null };
        await commitShard(folder, { modelId: "bench", batchId, format: "jsonl" }, records, options);
      }),
    close: () => folder.close(),
  };
}
