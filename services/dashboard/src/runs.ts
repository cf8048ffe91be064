import type { connectRedis } from "@labelfleet/shared/redis/connection";
import { inputPauseOf, knownRuns, liveWorkers, type RegisteredRun } from "@labelfleet/shared/redis/registry";
import { type ModelTotals, type ProducerNote, RunProgress } from "@labelfleet/shared/redis/run-progress";
import type { Rates } from "./rates.js";

type Redis = Awaited<ReturnType<typeof connectRedis>>;

/** What the page and /api/runs show of a run. Everything comes from Redis, so all of it is advisory. */
export interface RunView {
  runId: string;
  /** The run's URI. */
  run: string;
  lane: string;
  modelIds: string[];
  createdMs: number;
  /**
   * What the producer does, or "no producer" when it has been silent while there was work left. "paused" by a person, or because
   * its workers can read nothing of its input.
   */
  state: ProducerNote["state"] | "no producer" | "paused" | "cancelled";
  /** Objects listed so far; `listingComplete` says whether more may come. */
  images: number;
  listingComplete: boolean;
  /** Objects that every model has seen. */
  done: number;
  ok: number;
  failed: number;
  imagesPerSecond: number | null;
  /** Null while it cannot be known. */
  etaSeconds: number | null;
}

export interface FleetView {
  runs: RunView[];
  workers: { workerId: string; host: string; device: string; lanes: string[]; imagesPerSecond: number }[];
}

const shownRuns = 50;
const producerSilenceMs = 20_000;

export async function readFleet(redis: Redis, rates: Rates, nowMs: number): Promise<FleetView> {
  const [registered, workers] = await Promise.all([knownRuns(redis, shownRuns), liveWorkers(redis, nowMs)]);
  rates.keepOnly(registered.map((run) => run.runId));
  const runs = await Promise.all(
    registered.map(async (run) => {
      const progress = new RunProgress(redis, run.lane, run.runId);
      const parts = [progress.totals(run.modelIds), progress.lastNote(), progress.halt()] as const;
      const [totals, note, halt] = await Promise.all(parts);
      const waiting = inputPauseOf(workers, run.runId) === null ? null : "paused";
      const view = viewOf(run, [...totals.values()], note, nowMs, halt ?? waiting);
      const imagesPerSecond = rates.observe(run.runId, view.done, nowMs);
      return { ...view, imagesPerSecond, etaSeconds: etaOf(view, imagesPerSecond) };
    }),
  );
  return {
    runs,
    workers: workers.map(({ workerId, host, device, lanes, imagesPerSecond }) => ({
      workerId,
      host,
      device,
      lanes,
      imagesPerSecond,
    })),
  };
}

/**
 * With several models an object is done when all have seen it and failed when one failed. The counters are per model,
 * so the slowest model's count stands for the first and the unluckiest model's for the second.
 */
export function viewOf(
  run: RegisteredRun,
  totals: ModelTotals[],
  note: ProducerNote | null,
  nowMs: number,
  halt: "paused" | "cancelled" | null = null,
): Omit<RunView, "imagesPerSecond" | "etaSeconds"> {
  const done = Math.min(...totals.map((total) => total.ok + total.failed));
  const failed = Math.min(done, Math.max(...totals.map((total) => total.failed)));
  const isOver = note?.state === "done" || note?.state === "stopped";
  const isSilent = note === null || nowMs - note.seenMs > producerSilenceMs;
  return {
    runId: run.runId,
    run: run.run,
    lane: run.lane,
    modelIds: run.modelIds,
    createdMs: run.createdMs,
    state:
      halt !== null && note?.state !== "done"
        ? halt
        : note !== null && (isOver || !isSilent)
          ? note.state
          : "no producer",
    images: note?.listedImages ?? 0,
    listingComplete: note?.listingComplete ?? false,
    done,
    ok: done - failed,
    failed,
  };
}

function etaOf(view: Pick<RunView, "images" | "listingComplete" | "done">, imagesPerSecond: number | null) {
  if (!view.listingComplete || imagesPerSecond === null || imagesPerSecond === 0) return null;
  return Math.max(0, view.images - view.done) / imagesPerSecond;
}
