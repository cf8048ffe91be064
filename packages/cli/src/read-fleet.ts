import type { WorkerStage } from "@labelfleet/shared/contract/stats";
import { printable } from "@labelfleet/shared/printable";
import { redisNowMs } from "@labelfleet/shared/redis/clock";
import type { Redis } from "@labelfleet/shared/redis/connection";
import { inputPauseOf, liveWorkers, slowReadsOf } from "@labelfleet/shared/redis/registry";
import { sleep } from "@labelfleet/shared/shutdown";
import { formatDuration } from "./view/format.js";
import type { FleetFacts } from "./view/live-block.js";

/** The workers of a lane, by their heartbeats. */
export async function readFleet(redis: Redis, lane: string, runId: string): Promise<FleetFacts> {
  const workers = (await liveWorkers(redis, await redisNowMs(redis))).filter(({ lanes }) => lanes.includes(lane));
  const pause = inputPauseOf(workers, runId);
  const [slowRead] = slowReadsOf(workers, runId);
  const mean = (stage: WorkerStage) =>
    workers.reduce((sum, { busy }) => sum + busy[stage], 0) / Math.max(1, workers.length);
  return {
    workers: workers.length,
    // "auto" until a worker has loaded its first model.
    devices: [...new Set(workers.map(({ device }) => device))].filter((device) => device !== "auto").sort(),
    busy: { fetch: mean("fetch"), decode: mean("decode"), infer: mean("infer"), write: mean("write") },
    pause: pause && `paused: ${pause.input} refuses (${pause.code})`,
    slowRead: slowRead ? `waits for ${printable(slowRead.key)} (${formatDuration(slowRead.forMs / 1000)})` : null,
  };
}

const readEveryMs = 2_000;
/** A worker's first heartbeat is shown soon. */
const readEmptyEveryMs = 300;

/** Keeps what `readFleet` says up to date until the signal aborts. What cannot be read stays as it was. */
export function watchFleet(
  read: () => Promise<FleetFacts>,
  signal: AbortSignal,
): { readonly facts: FleetFacts | null } {
  const watched: { facts: FleetFacts | null } = { facts: null };
  void (async () => {
    while (!signal.aborted) {
      watched.facts = await read().catch(() => watched.facts);
      await sleep((watched.facts?.workers ?? 0) === 0 ? readEmptyEveryMs : readEveryMs, signal);
    }
  })();
  return watched;
}
