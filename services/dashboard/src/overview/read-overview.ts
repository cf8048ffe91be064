import { imagesInHand } from "@labelfleet/producer/feed/images-in-hand";
import { readLane } from "@labelfleet/shared/queue/lane-state";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import type { Redis } from "@labelfleet/shared/redis/connection";
import {
  knownLanes,
  knownRuns,
  liveWorkers,
  type RegisteredRun,
  type WorkerBeat,
} from "@labelfleet/shared/redis/registry";
import { RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { LaneLine, Overview, RunLine, WorkerLine } from "../api/overview.js";
import type { LaneQueues } from "../lane-queues.js";
import type { FolderFactsCache } from "./folder-facts.js";
import type { Rates } from "./rates.js";
import { etaOf, isUnattended, standOf } from "./run-line.js";
import { waitingFor } from "./waiting-for.js";

/** The newest runs; older ones stay in their folders. */
export const shownRuns = 200;

export interface OverviewSources {
  redis: Redis;
  queues: LaneQueues;
  rates: Rates;
  folders: FolderFactsCache;
}

export async function readOverview(sources: OverviewSources, nowMs: number): Promise<Overview> {
  const { redis, queues, rates } = sources;
  // Heartbeats are by the clock of Redis, which all machines share.
  const redisMs = await redisNowMs(redis);
  const [registered, workers, lanes] = await Promise.all([
    knownRuns(redis, shownRuns),
    liveWorkers(redis, redisMs),
    knownLanes(redis),
  ]);
  rates.keepOnly(registered.map(({ runId }) => runId));
  const [runs, laneLines] = await Promise.all([
    Promise.all(registered.map((run) => readRun(sources, run, { workers, nowMs, redisMs }))),
    Promise.all(queues.open(lanes).map(([lane, queue]) => laneLine(lane, readLane(redis, queue), workers, nowMs))),
  ]);
  const imagesPerSecond = runs.reduce((sum, run) => sum + (run.imagesPerSecond ?? 0), 0);
  return {
    atMs: nowMs,
    imagesPerSecond,
    history: rates.observeFleet(imagesPerSecond, nowMs),
    runs,
    lanes: laneLines,
    workers: workers.map((beat) => workerLine(beat, redisMs)).sort(byHost),
  };
}

async function readRun(
  { redis, rates, folders }: OverviewSources,
  run: RegisteredRun,
  { workers, nowMs, redisMs }: { workers: WorkerBeat[]; nowMs: number; redisMs: number },
): Promise<RunLine> {
  const progress = new RunProgress(redis, run.lane, run.runId);
  const known = await progress.stand(run.modelIds);
  const folder = isUnattended(known.note, redisMs) ? folders.of(run.run, nowMs) : null;
  const counted = standOf(run, known, folder, redisMs);
  const inHand = await imagesInHand(progress, workers, run);
  const stand = { ...counted, done: Math.max(counted.done, Math.min(counted.images, counted.done + inHand)) };
  const rate = rates.observe(run.runId, stand.done, nowMs);
  const isOver = stand.state === "done" || stand.state === "cancelled";
  const imagesPerSecond = isOver ? null : rate;
  return { ...stand, imagesPerSecond, etaSeconds: etaOf(stand, imagesPerSecond), rates: rates.pointsOf(run.runId) };
}

async function laneLine(
  lane: string,
  reading: ReturnType<typeof readLane>,
  workers: WorkerBeat[],
  nowMs: number,
): Promise<LaneLine> {
  const { waiting, active, delayed, failed, oldestWaitingMs } = await reading;
  return {
    lane,
    waiting,
    active,
    delayed,
    failed,
    oldestSeconds: oldestWaitingMs === null ? null : Math.max(0, nowMs - oldestWaitingMs) / 1_000,
    workers: workers.filter(({ lanes }) => lanes.includes(lane)).length,
  };
}

function workerLine(beat: WorkerBeat, nowMs: number): WorkerLine {
  const { workerId, host, device, lanes, models, imagesPerSecond, batchesInHand, batchSlots } = beat;
  return {
    workerId,
    host,
    device,
    lanes,
    models,
    imagesPerSecond,
    batchesInHand,
    batchSlots,
    seenSecondsAgo: Math.max(0, nowMs - beat.seenMs) / 1_000,
    waitingFor: waitingFor(beat),
  };
}

function byHost(a: WorkerLine, b: WorkerLine): number {
  return a.host.localeCompare(b.host) || a.workerId.localeCompare(b.workerId);
}
