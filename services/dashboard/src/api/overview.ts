import type { ProducerState } from "@labelfleet/shared/redis/run-progress";

/** What GET /api/runs answers and /api/events sends. All of it comes from Redis first, so it is advisory. */
export interface Overview {
  /** When it was read (Unix time). */
  atMs: number;
  /** Images per second of all runs together, now and before. */
  imagesPerSecond: number;
  history: Series;
  /** Newest first. */
  runs: RunLine[];
  lanes: LaneLine[];
  workers: WorkerLine[];
}

/** A rate over time: for each moment (Unix time, ascending) the images per second. */
export interface Series {
  atMs: number[];
  imagesPerSecond: number[];
}

/** "idle": not complete, and no producer is there; `resume` goes on. "paused": no producer may feed it before `resume`. */
export type RunState = ProducerState | "idle" | "paused" | "cancelled";

export interface RunLine {
  runId: string;
  /** The run's URI. */
  run: string;
  lane: string;
  modelIds: string[];
  createdMs: number;
  state: RunState;
  /** Objects listed so far; `listingComplete` says whether more may come. */
  images: number;
  listingComplete: boolean;
  /** Objects that every model has seen. */
  done: number;
  ok: number;
  failed: number;
  /** Over the last 30 s; null while it cannot be known, and for a run in which nothing happens. */
  imagesPerSecond: number | null;
  /** Null while it cannot be known. While the listing runs it means "at least". */
  etaSeconds: number | null;
  /** Earlier rates, oldest first, ten seconds apart. */
  rates: number[];
  /** The command that goes on with a run that has no producer. */
  resumeCommand: string | null;
}

export interface LaneLine {
  lane: string;
  /** Batches that wait, are worked on, wait for another attempt, and failed. */
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
  /** Age of the oldest of the batches that come next; null when none waits. */
  oldestSeconds: number | null;
  workers: number;
}

export interface WorkerLine {
  workerId: string;
  host: string;
  device: string;
  lanes: string[];
  models: string[];
  imagesPerSecond: number;
  batchesInHand: number;
  batchSlots: number;
  /** Since its last heartbeat. */
  seenSecondsAgo: number;
  /** In words: what keeps it from going faster. */
  waitingFor: string;
}
