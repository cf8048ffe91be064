import { partsOfBatchId } from "@labelfleet/shared/contract/ids";
import { chunkEntriesOf, rangeDoneSchema, rangesSchema } from "@labelfleet/shared/contract/manifest";
import { batchIdInName, chunkIdInName, runNames } from "@labelfleet/shared/contract/run-names";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { inputPauseOf, liveWorkers, slowReadsOf } from "@labelfleet/shared/redis/registry";
import { type ProducerState, RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { currentLane } from "./control.js";
import { imagesInHand } from "./feed/images-in-hand.js";
import { imageTotalsOf } from "./feed/run-totals.js";
import { readFinished } from "./finalize/finalize-run.js";

/** A producer that noted nothing for this long is gone. */
export const producerSilenceMs = 10_000;

export interface RunStatus {
  run: string;
  runId: string;
  /** "idle": not complete, and no producer is there; `resume` goes on. "paused": no producer may feed it before `resume`. */
  state: ProducerState | "idle" | "paused" | "cancelled";
  /** Images listed so far. */
  images: number;
  listingComplete: boolean;
  done: number;
  /** null where only the folder's listing is known. */
  ok: number | null;
  failed: number | null;
  /** Of the lane's workers right now, which may serve other runs too; null when nobody says. */
  imagesPerSecond: number | null;
  etaSeconds: number | null;
  /** Workers that hold the run's images back because nothing of its input can be read; null while none does. */
  inputPause: { input: string; code: string; since: string; workers: number } | null;
  /** Objects that workers are reading for more than some seconds, the one waited for longest first. */
  slowReads: { key: string; seconds: number; receivedBytes: number; sizeBytes: number | null }[];
  /** Whether `images` and `done` are counted in whole batches and chunks. */
  isApproximate: boolean;
}

/**
 * Where a run stands: from its report when it is complete, from Redis while that knows it, else from the names in its folder,
 * without reading any shard. @throws RUN_NOT_FOUND
 */
export async function readStatus(folder: RunFolder, redis: Redis | null): Promise<RunStatus> {
  const spec = await folder.readSpec();
  const base = { run: folder.uri, runId: spec.runId };
  const report = await readFinished(folder);
  if (report !== null) {
    const { images, ok, failed } = report;
    const exact = {
      listingComplete: true,
      isApproximate: false,
      imagesPerSecond: null,
      etaSeconds: null,
      inputPause: null,
      slowReads: [],
    };
    return { ...base, state: "done", images, done: ok + failed, ok, failed, ...exact };
  }
  const known = redis === null ? null : await statusInRedis(spec, redis);
  const counted = known ?? (await statusInFolder(folder, spec));
  return { ...base, ...counted, ...((await folder.isCancelled()) ? { state: "cancelled" as const } : {}) };
}

type Counted = Omit<RunStatus, "run" | "runId">;

async function statusInRedis(spec: RunSpec, redis: Redis): Promise<Counted | null> {
  const lane = await currentLane(redis, spec);
  const progress = new RunProgress(redis, lane, spec.runId);
  const note = await progress.lastNote();
  if (note === null) return null;
  const isPaused = await progress.isPaused();
  const modelIds = spec.frozen.models.map((model) => model.id);
  const totals = imageTotalsOf((await progress.totals(modelIds)).values());
  const nowMs = await redisNowMs(redis);
  const workers = (await liveWorkers(redis, nowMs)).filter((worker) => worker.lanes.includes(lane));
  const done = Math.min(
    note.listedImages,
    totals.done + (await imagesInHand(progress, workers, { runId: spec.runId, modelIds })),
  );
  const imagesPerSecond = workers.reduce((sum, worker) => sum + worker.imagesPerSecond, 0);
  const pause = inputPauseOf(workers, spec.runId);
  const isThere = nowMs - note.seenMs < producerSilenceMs && note.state !== "stopped" && note.state !== "done";
  const isPredictable = isThere && !isPaused && note.listingComplete && imagesPerSecond > 0;
  return {
    state: isPaused ? "paused" : isThere ? note.state : "idle",
    images: note.listedImages,
    listingComplete: note.listingComplete,
    ...totals,
    done,
    imagesPerSecond: workers.length > 0 ? imagesPerSecond : null,
    etaSeconds: isPredictable ? Math.max(0, note.listedImages - done) / imagesPerSecond : null,
    inputPause: pause && {
      input: pause.input,
      code: pause.code,
      since: new Date(pause.sinceMs).toISOString(),
      workers: pause.workers,
    },
    slowReads: slowReadsOf(workers, spec.runId).map(({ forMs, ...read }) => ({
      ...read,
      seconds: Math.round(forMs / 1000),
    })),
    isApproximate: false,
  };
}

async function statusInFolder(folder: RunFolder, spec: RunSpec): Promise<Counted> {
  const { models, batchImages } = spec.frozen;
  const ranges = (await folder.readJson(runNames.ranges, rangesSchema))?.value.ranges ?? [];
  // A range's totals, where it has them, replace what its chunks were taken for.
  const inChunks = new Map<string, number>();
  const inTotal = new Map<string, number>();
  for await (const { name } of folder.list(runNames.manifest)) {
    const chunkId = chunkIdInName(name);
    if (chunkId !== null) {
      const { rangeId } = partsOfBatchId(chunkId);
      inChunks.set(rangeId, (inChunks.get(rangeId) ?? 0) + chunkEntriesOf(batchImages));
    }
    const done = name.endsWith(".done") ? await folder.readJson(name, rangeDoneSchema) : null;
    if (done !== null) inTotal.set(name.slice(runNames.manifest.length, -".done".length), done.value.images);
  }
  const images = ranges.reduce((sum, { id }) => sum + (inTotal.get(id) ?? inChunks.get(id) ?? 0), 0);
  const shards = await Promise.all(models.map((model) => countShards(folder, model.id)));
  return {
    state: "idle",
    images,
    listingComplete: ranges.length > 0 && ranges.every(({ id }) => inTotal.has(id)),
    done: Math.min(images, Math.min(...shards) * batchImages),
    ok: null,
    failed: null,
    imagesPerSecond: null,
    etaSeconds: null,
    inputPause: null,
    slowReads: [],
    isApproximate: true,
  };
}

async function countShards(folder: RunFolder, modelId: string): Promise<number> {
  let shards = 0;
  for await (const { name } of folder.list(runNames.modelPredictions(modelId))) {
    if (batchIdInName(name) !== null) shards++;
  }
  return shards;
}
