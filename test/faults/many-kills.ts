import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type WorkerStats, workerStatsSchema } from "@labelfleet/shared/contract/stats";
import { readIn } from "../support/run-files.js";
import { Fleet } from "./chaos/fleet.js";
import { Weather } from "./chaos/weather.js";
import { clonedPhotos } from "./clones.js";
import { FaultRig, stopOnSignal, succeeded } from "./fault-rig.js";

// `node test/dist/faults/many-kills.js [--images N] [--workers N] [--kill-every SECONDS] [--simulated DEVICE]`: one run whose
// workers are killed in turn, by the clock, and whose Redis is emptied twice, the second time together with the producer;
// `resume` ends it. Prints what was done again.
const { values } = parseArgs({
  options: {
    images: { type: "string", default: "20000" },
    workers: { type: "string", default: "4" },
    "kill-every": { type: "string", default: "3" },
    // As LABELFLEET_SIMULATED_DEVICE has it; without it, Lite0 on the CPU.
    simulated: { type: "string" },
  },
});
const [images, workers] = [Number(values.images), Number(values.workers)];
const killEveryMs = Number(values["kill-every"]) * 1_000;
const batchImages = 16;
const endMs = 3_600_000;
const lookMs = 500;

const env = { LABELFLEET_SIMULATED_DEVICE: values.simulated };
const { photos, expected } = await clonedPhotos(images, env);
const rig = await FaultRig.start({ photos, expected, env });
stopOnSignal(rig);
try {
  const weather = new Weather();
  weather.rule(rig);
  const fleet = new Fleet(rig, { workers, flags: ["--batch-images", String(batchImages)] });
  const startedMs = Date.now();
  const run = await fleet.start();
  const over = new AbortController();
  const killing = killInTurn(fleet, over.signal);

  await labelled(run, images / 3);
  await rig.redis.flushAll();
  say(`Redis emptied after ${seconds(startedMs)}; the producer rebuilds the queue`);
  await labelled(run, (2 * images) / 3);
  await rig.redis.flushAll();
  fleet.producer?.killGroup("SIGKILL");
  await fleet.producer?.ended;
  say(`Redis emptied and the producer killed after ${seconds(startedMs)}; \`resume\` goes on`);
  succeeded(await rig.resume(run).result(endMs));
  over.abort();
  const kills = await killing;
  const tookSeconds = (Date.now() - startedMs) / 1_000;
  await fleet.stop();

  const comparison = await rig.exact(run);
  const computed = (await statsOf(run)).reduce((sum, worker) => sum + worker.images, 0);
  const result = {
    ...comparison,
    kills,
    redisEmptied: 2,
    wallSeconds: Math.round(tookSeconds),
    imagesRead: weather.photoReads,
    imagesComputed: computed,
    readPerImage: ratio(weather.photoReads),
    computedPerImage: ratio(computed),
  };
  say(JSON.stringify(result, null, 2));
} finally {
  for (const leak of await rig.stop()) {
    say(`left behind: ${leak}`);
    process.exitCode = 1;
  }
}

/** kill -9 of one worker after another, until the signal. Resolves to how many. */
async function killInTurn(fleet: Fleet, signal: AbortSignal): Promise<number> {
  for (let kills = 0; ; kills++) {
    await sleep(killEveryMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return kills;
    fleet.worker(kills % workers)?.killGroup("SIGKILL");
  }
}

/** Waits until so many images have a shard. */
async function labelled(run: string, count: number): Promise<void> {
  const deadlineMs = Date.now() + endMs;
  while ((await rig.shards(run)).length * batchImages < count) {
    if (Date.now() > deadlineMs) throw new Error(`no ${count} images within ${endMs} ms`);
    await sleep(lookMs);
  }
}

/** What the workers say that they computed; a killed one's last seconds are missing. */
async function statsOf(run: string): Promise<WorkerStats[]> {
  const names = (await rig.names(run)).filter((name) => /^stats\/(?!producer-)/.test(name));
  const texts = await Promise.all(names.map((name) => readIn(rig.servers.s3, run, name)));
  return texts.map((text) => workerStatsSchema.parse(JSON.parse(text.toString())));
}

function ratio(count: number): number {
  return Math.round((count / images) * 1_000) / 1_000;
}

function seconds(startedMs: number): string {
  return `${Math.round((Date.now() - startedMs) / 1_000)} s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
