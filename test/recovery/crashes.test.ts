import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { beforeAll, expect, test } from "vitest";
import { withoutWorker } from "../e2e/rig.js";
import { out, stopWorker, useRecoveryRig } from "./recovery-rig.js";

const photoCount = 60;
const freeReads = 25;
const batches = ["--batch-images", "10"];

const recovery = useRecoveryRig(photoCount);
/** What an undisturbed run says. */
let undisturbed: Map<string, Prediction>;

beforeAll(async () => {
  const { rig, input } = recovery;
  undisturbed = await rig.records((await rig.json(["run", input, "--out", out, ...batches])).run);
});

/** Every object has one record per model, and it says what an undisturbed run says. */
async function expectSameAsUndisturbed(run: string): Promise<void> {
  const { rig } = recovery;
  const verify = await rig.succeed(["verify", run]);
  expect(verify.stdout).toContain(`${photoCount} images, ${photoCount} records`);
  expect(withoutWorker(await rig.records(run))).toEqual(withoutWorker(undisturbed));
}

test("kill -9 of a worker in the middle of its batches: another one does them again", async () => {
  const { rig } = recovery;
  // Fewer than a batch: the victim holds all of them, and none is finished.
  const gate = recovery.gate(5);
  const victim = await recovery.startWorker();
  const { scan, run } = await recovery.startScan(...batches);
  await gate.reached;
  victim.killGroup("SIGKILL");
  await victim.ended;
  gate.open();
  const other = await recovery.startWorker();

  const result = await scan.result();
  expect(result.exitCode, result.stderr).toBe(0);
  await expectSameAsUndisturbed(run);
  const workers = new Set([...(await rig.records(run)).values()].map(({ workerId }) => workerId));
  expect(workers.size).toBe(1);
  await stopWorker(other);
});

test("kill -9 of run: its Redis, workers and folders go by themselves, and resume completes the run", async () => {
  const { rig, input } = recovery;
  const gate = recovery.gate(freeReads);
  const running = rig.cli.start(["run", input, "--out", out, ...batches], { LABELFLEET_GRACE_SECONDS: "1" });
  await gate.reached;
  const family = await rig.cli.processes();
  expect(family.map(({ command }) => command).join("\n")).toMatch(/redis-server/);
  expect(family.length).toBeGreaterThan(2);
  running.kill("SIGKILL");
  expect(await rig.cli.leftovers(20_000)).toEqual([]);
  gate.open();

  const run = recovery.newestRun();
  expect((await rig.cli.run(["verify", run])).exitCode).toBe(1);
  const report = await rig.json(["resume", run]);
  expect(report).toMatchObject({ complete: true, images: photoCount, ok: photoCount });
  await expectSameAsUndisturbed(run);
});

test("Redis is emptied in the middle of a run: the run completes all the same", async () => {
  const { rig } = recovery;
  const gate = recovery.gate(freeReads);
  const worker = await recovery.startWorker();
  const { scan, run } = await recovery.startScan(...batches);
  await gate.reached;
  await rig.servers.redis.flushAll();
  gate.open();
  const result = await scan.result();
  expect(result.exitCode, result.stderr).toBe(0);
  await expectSameAsUndisturbed(run);
  await stopWorker(worker);
});

test("kill -9 of the producer while it feeds, and Redis emptied: resume completes the run from its folder", async () => {
  const { rig } = recovery;
  const gate = recovery.gate(freeReads);
  const worker = await recovery.startWorker();
  const { scan, run } = await recovery.startScan(...batches);
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
  const { rig } = recovery;
  const gate = recovery.gate(freeReads);
  const worker = await recovery.startWorker();
  const { scan, run } = await recovery.startScan(...batches);
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
  const { rig } = recovery;
  return (await rig.names(run)).filter((name) => name.startsWith("predictions/"));
}

async function etagsOf(run: string): Promise<string[]> {
  const { rig } = recovery;
  const shards = await shardsOf(run);
  return Promise.all(shards.map(async (name) => (await rig.read(run, name)).toString("base64")));
}
