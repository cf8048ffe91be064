import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Gate } from "../e2e/gate.js";
import { bucket, Rig, smallPhotos, withoutWorker } from "../e2e/rig.js";
import type { CliProcess } from "../support/cli.js";

const photoCount = 60;
const freeReads = 25;
const out = `s3://${bucket}/out`;
const batches = ["--batch-images", "10"];

let rig: Rig;
let input: string;
/** What an undisturbed run says. */
let undisturbed: Map<string, Prediction>;
let gate: Gate | undefined;

beforeAll(async () => {
  rig = await Rig.start();
  input = await rig.upload("in", await smallPhotos(photoCount));
  undisturbed = await rig.records((await rig.json(["run", input, "--out", out, ...batches])).run);
});

afterEach(() => gate?.open());

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

async function startWorker(): Promise<CliProcess> {
  const worker = rig.cli.start(["work"], { ...rig.shared, LABELFLEET_LOG_LEVEL: "info" });
  await worker.until(/worker ready/);
  return worker;
}

async function startScan(): Promise<{ scan: CliProcess; run: string }> {
  const scan = rig.cli.start(["scan", input, "--out", out, ...batches], rig.shared);
  const [, run] = await scan.until(/^(s3:\/\/\S+\/)\n/);
  return { scan, run: run! };
}

async function stopWorker(worker: CliProcess): Promise<void> {
  worker.kill("SIGTERM");
  expect((await worker.result()).exitCode).toBe(0);
}

/** Every object has one record per model, and it says what an undisturbed run says. */
async function expectSameAsUndisturbed(run: string): Promise<void> {
  const verify = await rig.succeed(["verify", run]);
  expect(verify.stdout).toContain(`${photoCount} images, ${photoCount} records`);
  expect(withoutWorker(await rig.records(run))).toEqual(withoutWorker(undisturbed));
}

test("kill -9 of a worker in the middle of its batches: another one does them again", async () => {
  // Fewer than a batch: the victim holds all of them, and none is finished.
  gate = new Gate(rig.servers.s3, 5);
  const victim = await startWorker();
  const { scan, run } = await startScan();
  await gate.reached;
  victim.killGroup("SIGKILL");
  await victim.ended;
  gate.open();
  const other = await startWorker();

  const result = await scan.result();
  expect(result.exitCode, result.stderr).toBe(0);
  await expectSameAsUndisturbed(run);
  const workers = new Set([...(await rig.records(run)).values()].map(({ workerId }) => workerId));
  expect(workers.size).toBe(1);
  await stopWorker(other);
});

test("kill -9 of run: its Redis, workers and folders go by themselves, and resume completes the run", async () => {
  gate = new Gate(rig.servers.s3, freeReads);
  const running = rig.cli.start(["run", input, "--out", out, ...batches], { LABELFLEET_GRACE_SECONDS: "1" });
  await gate.reached;
  const family = await rig.cli.processes();
  expect(family.map(({ command }) => command).join("\n")).toMatch(/redis-server/);
  expect(family.length).toBeGreaterThan(2);
  running.kill("SIGKILL");
  expect(await rig.cli.leftovers(20_000)).toEqual([]);
  gate.open();

  const run = await newestRun();
  expect((await rig.cli.run(["verify", run])).exitCode).toBe(1);
  const report = await rig.json(["resume", run]);
  expect(report).toMatchObject({ complete: true, images: photoCount, ok: photoCount });
  await expectSameAsUndisturbed(run);
});

test("Redis is emptied in the middle of a run: the run completes all the same", async () => {
  gate = new Gate(rig.servers.s3, freeReads);
  const worker = await startWorker();
  const { scan, run } = await startScan();
  await gate.reached;
  await rig.servers.redis.flushAll();
  gate.open();
  const result = await scan.result();
  expect(result.exitCode, result.stderr).toBe(0);
  await expectSameAsUndisturbed(run);
  await stopWorker(worker);
});

test("kill -9 of the producer while it feeds, and Redis emptied: resume completes the run from its folder", async () => {
  gate = new Gate(rig.servers.s3, freeReads);
  const worker = await startWorker();
  const { scan, run } = await startScan();
  await gate.reached;
  scan.kill("SIGKILL");
  await scan.ended;
  await rig.servers.redis.flushAll();
  gate.open();
  const report = await rig.json(["resume", run], rig.shared);
  expect(report).toMatchObject({ run, complete: true, images: photoCount, ok: photoCount });
  await expectSameAsUndisturbed(run);
  await stopWorker(worker);
});

test("kill -9 of the producer while workers go on: resume finds their work and repeats none of it", async () => {
  gate = new Gate(rig.servers.s3, freeReads);
  const worker = await startWorker();
  const { scan, run } = await startScan();
  await gate.reached;
  scan.kill("SIGKILL");
  await scan.ended;
  gate.open();
  // What was fed before is labelled without a producer.
  await expect.poll(() => shardsOf(run), { timeout: 20_000 }).toHaveLength(photoCount / 10);
  const written = await etagsOf(run);
  expect(await rig.json(["resume", run], rig.shared)).toMatchObject({ complete: true, ok: photoCount });
  expect(await etagsOf(run)).toEqual(written);
  await stopWorker(worker);
});

async function shardsOf(run: string): Promise<string[]> {
  return (await rig.names(run)).filter((name) => name.startsWith("predictions/"));
}

async function etagsOf(run: string): Promise<string[]> {
  const shards = await shardsOf(run);
  return Promise.all(shards.map(async (name) => (await rig.read(run, name)).toString("base64")));
}

async function newestRun(): Promise<string> {
  const ids = rig.servers.s3.listKeys(bucket, "out/").map((key) => key.split("/")[1]!);
  return `${out}/${ids
    .filter((id) => /^\d{8}t/.test(id))
    .sort()
    .at(-1)}/`;
}
