import { setTimeout as sleep } from "node:timers/promises";
import type { Comparison } from "../comparison.js";
import type { FaultRig } from "../fault-rig.js";
import { Fleet } from "./fleet.js";
import type { PlannedFault } from "./plan.js";
import { Weather } from "./weather.js";

const healMs = 240_000;
const serverStartMs = 500;

export interface RoundResult extends Comparison {
  run: string;
  /** Faults that were injected before the run was complete. */
  injected: PlannedFault[];
  /** Reads of photos, over the number of photos. */
  readsPerImage: number;
  restarts: number;
  seconds: number;
}

/** One run under a plan of faults, to its end and to the proof that it is exact. */
export async function playRound(
  rig: FaultRig,
  plan: PlannedFault[],
  options: { workers: number; flags: string[] },
): Promise<RoundResult> {
  const fleet = new Fleet(rig, options);
  const weather = new Weather();
  weather.rule(rig);
  const startedMs = Date.now();
  const run = await fleet.start();
  const over = new AbortController();
  const injected: PlannedFault[] = [];
  const playing = play(plan, over.signal, async (fault) => {
    injected.push(fault);
    await inject(rig, fleet, weather, fault);
  });
  await fleet.completed(plan.reduce((max, fault) => Math.max(max, fault.atMs + fault.durationMs), 0) + healMs);
  over.abort();
  await playing;
  const seconds = (Date.now() - startedMs) / 1_000;
  await fleet.stop();
  // Redis may have been emptied after the last look that anybody takes at it.
  const comparison = await rig.exact(run, { countedInRedis: false });
  const readsPerImage = weather.photoReads / comparison.images;
  return { ...comparison, run, injected, readsPerImage, restarts: fleet.restarts, seconds };
}

/** Begins each fault at its time, and waits for those that were begun. */
async function play(plan: PlannedFault[], signal: AbortSignal, begin: (fault: PlannedFault) => Promise<void>) {
  const startedMs = Date.now();
  const begun: Promise<void>[] = [];
  for (const fault of plan) {
    const waitMs = Math.max(0, startedMs + fault.atMs - Date.now());
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    begun.push(begin(fault));
  }
  await Promise.all(begun);
}

async function inject(rig: FaultRig, fleet: Fleet, weather: Weather, fault: PlannedFault): Promise<void> {
  const { kind, durationMs } = fault;
  const worker = fleet.worker(fault.worker);
  switch (kind) {
    case "kill -9 of a worker":
      return worker?.killGroup("SIGKILL");
    case "SIGTERM of a worker":
      return worker?.kill("SIGTERM");
    case "SIGSTOP of a worker":
      worker?.killGroup("SIGSTOP");
      await sleep(durationMs);
      return worker?.killGroup("SIGCONT");
    case "kill -9 of the producer":
      return fleet.producer?.killGroup("SIGKILL");
    case "Redis emptied":
      return rig.redis.flushAll().catch(() => undefined);
    case "Redis killed, started again empty":
      return rig.restartRedis(serverStartMs);
    case "connections to Redis cut":
      rig.proxy.down();
      await sleep(durationMs);
      return rig.proxy.restore();
    case "Redis answers OOM":
      return during(rig, durationMs, ["CONFIG", "SET", "maxmemory", "1mb"], ["CONFIG", "SET", "maxmemory", "0"]);
    case "Redis is read-only":
      return during(rig, durationMs, ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]);
    default:
      return weather.last(kind, durationMs);
  }
}

/** Both commands go to whatever Redis is there at their time; one that starts in between begins without the fault. */
async function during(rig: FaultRig, durationMs: number, before: string[], after: string[]): Promise<void> {
  await rig.redis.command(...before).catch(() => undefined);
  await sleep(durationMs);
  await rig.redis.command(...after).catch(() => undefined);
}
