import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Said } from "../faults/comparison.js";
import { noteResults } from "../faults/fault-results.js";
import { eventually } from "../faults/fault-rig.js";
import { brokenFiles, makePhotos } from "../support/photos.js";
import { ContainerFleet } from "./container-fleet.js";
import type { ContainerProcess } from "./container-process.js";
import { type ContainerServers, startContainerServers } from "./container-servers.js";
import { buildImage } from "./labelfleet-image.js";

const bucket = "photos";
const places = { input: `s3://${bucket}/in`, out: `s3://${bucket}/out` };
const photoCount = 1_500;
const differentPhotos = 150;
/** Paces of a worker: three do a run in about 40 s, or in about two minutes. */
const [fastMs, steadyMs, slowMs] = [0, 75, 230];
const cutMs = 60_000;
/** Connections that went silent are given up within a minute, and only then do the batches that wait for them let go. */
const recoveryMs = 90_000;

vi.setConfig({ testTimeout: 300_000 });

let servers: ContainerServers;
let fleet: ContainerFleet | undefined;
let undisturbed: Map<string, Said>;

beforeAll(async () => {
  await buildImage();
  servers = await startContainerServers();
  await servers.s3.createBucket(bucket);
  await uploadPhotos();
  fleet = await ContainerFleet.start(servers, { ...places, imageMs: fastMs });
  const run = await fleet.scan();
  await fleet.completed();
  undisturbed = await fleet.said(run);
  await fleet.stop();
});

afterEach(() => fleet?.stop());
afterAll(async () => {
  await fleet?.stop();
  await servers?.stop();
});

/** Three workers of which each has work in hand, a run in its middle, and what is left of it. */
async function inMidRun(imageMs: number): Promise<{ fleet: ContainerFleet; run: string }> {
  await servers.redis.flushAll();
  fleet = await ContainerFleet.start(servers, { ...places, imageMs });
  const run = await fleet.scan();
  const { workers } = fleet;
  for (const worker of workers) await eventually("the worker is at work", () => isAtWork(worker));
  await eventually("a first batch is counted", async () => (await fleet!.counted(run)) > 0);
  return { fleet, run };
}

async function isAtWork(worker: ContainerProcess, sinceMs = 0): Promise<boolean> {
  const beat = (await fleet?.beatOf(worker)) ?? null;
  return beat !== null && beat.seenMs >= sinceMs && beat.imagesPerSecond > 0;
}

/** Images that are done; fails when the run is already over. */
async function doneInMidRun(run: string): Promise<number> {
  const done = await fleet!.counted(run);
  expect(done, "images done in mid-run").toBeGreaterThan(0);
  expect(done, "images done in mid-run").toBeLessThan(undisturbed.size);
  return done;
}

async function note(fault: string, injected: number, run: string): Promise<void> {
  const comparison = await fleet!.exact(run, undisturbed);
  await noteResults("containers", [{ fault: `containers: ${fault}`, injected, ...comparison }]);
}

test("kill -9 of a worker's container in mid-run: the others do its batches, and the run is exact", async () => {
  const { fleet, run } = await inMidRun(steadyMs);
  const [victim] = fleet.workers;
  await victim!.kill();
  await doneInMidRun(run);
  await fleet.completed();
  expect(await victim!.ended()).toBe(137);
  expect(await fleet.stalled(), "batches that the victim held").toBeGreaterThan(0);
  await note("kill -9 of a worker's container", 1, run);
});

test("a worker without network for a minute in mid-run comes back by itself, and the run is exact", async () => {
  const { fleet, run } = await inMidRun(slowMs);
  const [cut] = fleet.workers;
  await cut!.disconnect(servers.network);
  const before = await doneInMidRun(run);
  await sleep(cutMs);
  const after = await doneInMidRun(run);
  expect(after, "the others went on").toBeGreaterThan(before);
  expect(await fleet.beatOf(cut!), "what the worker says without network").toBeNull();
  expect(await fleet.stalled(), "batches that the worker held").toBeGreaterThan(0);

  await cut!.connect(servers.network);
  const connectedMs = Date.now();
  await eventually("the worker is at work again", () => isAtWork(cut!, connectedMs), recoveryMs);
  console.info(`back at work ${Date.now() - connectedMs} ms after the network`);
  await doneInMidRun(run);
  await fleet.completed();
  await note("a worker's network cut for a minute", 1, run);
});

test("a rolling restart of all workers in mid-run: each ends with 0, and the run is exact", async () => {
  const { fleet, run } = await inMidRun(steadyMs);
  for (const worker of fleet.workers) {
    await doneInMidRun(run);
    expect(await worker.term(), "exit code after SIGTERM").toBe(0);
    const startedMs = Date.now();
    await worker.startAgain();
    await eventually("the worker is back", async () => ((await fleet.beatOf(worker))?.seenMs ?? 0) >= startedMs);
  }
  await doneInMidRun(run);
  await fleet.completed();
  expect(await fleet.stalled(), "batches that were not handed back").toBe(0);
  await note("SIGTERM and new start of each worker's container in turn", fleet.workers.length, run);
});

/** Small photos, many of them alike, and files that are none. */
async function uploadPhotos(): Promise<void> {
  const photos = await makePhotos({ count: differentPhotos, widthPx: 64, heightPx: 48, seed: 12 });
  for (let i = 0; i < photoCount; i++) {
    const key = `in/${String(i).padStart(5, "0")}.jpg`;
    await servers.s3.putObject(bucket, key, photos[i % photos.length]!.bytes);
  }
  for (const { name, bytes } of await brokenFiles()) await servers.s3.putObject(bucket, `in/${name}`, bytes);
}
