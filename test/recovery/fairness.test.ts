import { join } from "node:path";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Rig, withoutWorker } from "../e2e/rig.js";
import type { CliProcess } from "../support/cli.js";
import { makePhotos } from "../support/photos.js";
import { startVastBucket, type VastBucket } from "../support/vast-bucket.js";

const largeImages = 200_000;
const smallImages = 200;
/** Slow enough that the device is what the runs share, and not this machine's cores: about 55 images/s. */
const device = {
  LABELFLEET_SIMULATED_DEVICE: "launchMs=4,imageMs=18,memoryImages=64",
};

vi.setConfig({ testTimeout: 300_000 });

let rig: Rig;
let vast: VastBucket;
let env: Record<string, string>;

beforeAll(async () => {
  rig = await Rig.start();
  const photos = await makePhotos({ count: 8, widthPx: 32, heightPx: 24, seed: 1 });
  const keys = function* () {
    for (let i = 0; i < largeImages; i++) yield `large/${String(i).padStart(6, "0")}.jpg`;
    for (let i = 0; i < smallImages; i++) yield `small/${String(i).padStart(6, "0")}.jpg`;
  };
  vast = await startVastBucket({ bucket: "vast", keys: keys(), bodies: photos.map(({ bytes }) => bytes) });
  env = { ...rig.shared, ...vast.env, ...device };
});

afterAll(async () => {
  await vast.close();
  expect(await rig.stop()).toEqual([]);
});

async function startWorker(): Promise<CliProcess> {
  const worker = rig.cli.start(["work"], { ...env, LABELFLEET_LOG_LEVEL: "info" });
  await worker.until(/worker ready/);
  return worker;
}

async function stopWorker(worker: CliProcess): Promise<void> {
  worker.kill("SIGTERM");
  expect((await worker.result()).exitCode).toBe(0);
}

async function small(): Promise<RunReport> {
  return rig.json(["scan", "s3://vast/small/", "--out", join(rig.dir, "labels")], env);
}

/** The mean of two: on a busy machine one alone says little. */
function seconds(reports: RunReport[]): number {
  return reports.reduce((sum, { wallSeconds }) => sum + wallSeconds, 0) / reports.length;
}

test("200 images beside 200,000 on one lane take at most three times as long as alone, and outputs never mix", async () => {
  const worker = await startWorker();
  await small(); // The model is loaded and warm.
  const alone = [await small(), await small()];
  for (const { complete, ok, workers } of alone) {
    expect({ complete, ok, devices: workers.map(({ device }) => device) }).toEqual({
      complete: true,
      ok: smallImages,
      devices: ["simulated"],
    });
  }

  const large = rig.cli.start(["scan", "s3://vast/large/", "--out", join(rig.dir, "labels")], env);
  const [, run] = await large.until(/^(file:\S+\/)\n/);
  await expect.poll(async () => (await rig.records(run!)).size, { timeout: 90_000 }).toBeGreaterThan(0);

  const beside = [await small(), await small()];
  console.info(`alone ${seconds(alone)} s, beside ${seconds(beside)} s`);
  expect(seconds(beside)).toBeLessThanOrEqual(3 * seconds(alone));
  for (const report of beside) {
    expect(report).toMatchObject({ complete: true, ok: smallImages, failed: 0 });
    expect(withoutWorker(await rig.records(report.run))).toEqual(withoutWorker(await rig.records(alone[0]!.run)));
    await rig.succeed(["verify", report.run], env);
  }
  // The large run went on meanwhile, with nothing but its own.
  const records = await rig.records(run!);
  expect(records.size).toBeGreaterThan(0);
  expect([...records.keys()].filter((key) => !key.startsWith("large/"))).toEqual([]);

  await rig.succeed(["cancel", run!], env);
  expect((await large.result()).exitCode).toBe(1);
  await stopWorker(worker);
  // What it handed back is taken off the queue by another one.
  const next = await startWorker();
  await expect.poll(() => rig.waitingBatches(), { timeout: 20_000 }).toBe(0);
  await stopWorker(next);
});
