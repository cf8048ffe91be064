import { imageTotalsOf } from "@labelfleet/producer/feed/run-totals";
import { producerSilenceMs } from "@labelfleet/producer/status";
import type { RegisteredRun } from "@labelfleet/shared/redis/registry";
import type { Halt, ModelTotals, ProducerNote } from "@labelfleet/shared/redis/run-progress";
import type { RunLine } from "../api/overview.js";
import type { FolderFacts } from "./folder-facts.js";
import { resumeCommand } from "./resume-command.js";

/** What Redis knows of a run. */
export interface RedisFacts {
  totals: ModelTotals[];
  note: ProducerNote | null;
  halt: Halt | null;
}

export type RunStand = Omit<RunLine, "imagesPerSecond" | "etaSeconds" | "rates">;

/**
 * Where a run stands. Redis has the say while a producer is there; of a run without one the folder knows better, where it was
 * looked at (`folder`): its report, or the mark that `cancel` leaves.
 *
 * @param redisMs by the clock of Redis, which producers' notes have too
 */
export function standOf(run: RegisteredRun, redis: RedisFacts, folder: FolderFacts | null, redisMs: number): RunStand {
  const { runId, lane, modelIds, createdMs } = run;
  const base = { runId, run: run.run, lane, modelIds, createdMs };
  if (folder?.finished != null) {
    const { images, ok, failed } = folder.finished;
    return {
      ...base,
      state: "done",
      images,
      listingComplete: true,
      done: ok + failed,
      ok,
      failed,
      resumeCommand: null,
    };
  }
  const { note } = redis;
  const state = stateOf(redis, folder, redisMs);
  const isWaiting = state === "idle" || state === "paused" || state === "stopped";
  return {
    ...base,
    state,
    images: note?.listedImages ?? 0,
    listingComplete: note?.listingComplete ?? false,
    ...imageTotalsOf(redis.totals),
    resumeCommand: isWaiting ? resumeCommand(run.run) : null,
  };
}

/** Whether the run's folder has to be asked, because no producer is there that would know. `redisMs` as above. */
export function isUnattended(note: ProducerNote | null, redisMs: number): boolean {
  return (
    note === null || note.state === "stopped" || (note.state !== "done" && redisMs - note.seenMs > producerSilenceMs)
  );
}

function stateOf({ note, halt }: RedisFacts, folder: FolderFacts | null, redisMs: number): RunLine["state"] {
  if (note?.state === "done") return "done";
  if (folder?.isCancelled) return "cancelled";
  if (halt !== null) return halt;
  if (note?.state === "stopped") return "stopped";
  return isUnattended(note, redisMs) ? "idle" : note!.state;
}

/** Seconds until the images listed so far are done; null where nobody can know. */
export function etaOf(
  stand: Pick<RunStand, "state" | "images" | "done">,
  imagesPerSecond: number | null,
): number | null {
  const isWorkedOn = stand.state === "listing" || stand.state === "feeding";
  if (!isWorkedOn || imagesPerSecond === null || imagesPerSecond === 0) return null;
  return Math.max(0, stand.images - stand.done) / imagesPerSecond;
}
