import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Gate } from "./gate.js";
import { bucket, Rig, smallPhotos } from "./rig.js";

const photoCount = 60;
const out = `s3://${bucket}/out`;
const batches = ["--batch-images", "10"];

let rig: Rig;
let input: string;
let gate: Gate | undefined;

beforeAll(async () => {
  rig = await Rig.start();
  input = await rig.upload("in", await smallPhotos(photoCount));
});

afterEach(() => gate?.open());

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

test("SIGTERM of a worker under load: it ends with 0 within its grace time, and gives back what it cannot finish", async () => {
  gate = new Gate(rig.servers.s3, 25);
  const env = { ...rig.shared, LABELFLEET_LOG_LEVEL: "info" };
  const worker = rig.cli.start(["work"], { ...env, LABELFLEET_GRACE_SECONDS: "2" });
  await worker.until(/worker ready/);
  const scan = rig.cli.start(["scan", input, "--out", out, ...batches, "--json"], rig.shared);
  await gate.reached;
  worker.kill("SIGTERM");
  // Longer than the grace time: what is in hand cannot be finished any more.
  await sleep(2_500);
  gate.open();
  const ended = await worker.result(10_000);
  expect(ended).toMatchObject({ exitCode: 0, signal: null });
  expect(ended.stderr).not.toMatch(/will be tried again|failed for good/);

  const next = rig.cli.start(["work"], env);
  // Handed back means that nobody waits for a lock to expire.
  const startedMs = Date.now();
  const result = await scan.result();
  expect(result.exitCode, result.stderr).toBe(0);
  expect(Date.now() - startedMs).toBeLessThan(14_000);
  const { run } = JSON.parse(result.stdout) as { run: string };
  expect((await rig.succeed(["verify", run])).stdout).toContain(`${photoCount} images, ${photoCount} records`);
  // No attempt was used up.
  expect(await attemptsOf(run)).toEqual(new Set(["1"]));
  next.kill("SIGTERM");
  expect((await next.result()).exitCode).toBe(0);
});

test("SIGTERM of a worker with time to spare: it finishes what it has begun", async () => {
  gate = new Gate(rig.servers.s3, 5);
  const env = { ...rig.shared, LABELFLEET_LOG_LEVEL: "info" };
  const worker = rig.cli.start(["work"], env);
  await worker.until(/worker ready/);
  const scan = rig.cli.start(["scan", input, "--out", out, ...batches, "--limit", "10", "--json"], rig.shared);
  await gate.reached;
  worker.kill("SIGTERM");
  await worker.until(/worker stopping/);
  gate.open();
  // Nobody else could finish the batch.
  const result = await scan.result();
  expect(JSON.parse(result.stdout)).toMatchObject({ complete: true, images: 10, ok: 10 });
  expect(await worker.result()).toMatchObject({ exitCode: 0, signal: null });
});

test("Ctrl-C in run: it stops, says how to go on, and leaves nothing behind; resume completes the run", async () => {
  gate = new Gate(rig.servers.s3, 25);
  const running = rig.cli.start(["run", input, "--out", out, ...batches], { LABELFLEET_GRACE_SECONDS: "5" });
  await gate.reached;
  running.killGroup("SIGINT");
  await sleep(500);
  gate.open();
  const result = await running.result(20_000);
  expect(result).toMatchObject({ exitCode: 1, signal: null });
  expect(result.stderr).not.toMatch(/^\s+at /m);
  const [, run] = /^Stopped\. Finish it with: labelfleet resume (s3:\/\/\S+\/)$/m.exec(result.stderr) ?? [];
  expect(run, result.stderr).toBeDefined();
  expect(await rig.cli.leftovers()).toEqual([]);
  expect(await rig.names(run!)).not.toContain("_SUCCESS");

  const report = await rig.json(["resume", run!]);
  expect(report).toMatchObject({ run, complete: true, images: photoCount, ok: photoCount });
  expect((await rig.succeed(["verify", run!])).stdout).toContain("Complete");
});

test("a second Ctrl-C ends run at once, and still nothing stays behind", async () => {
  gate = new Gate(rig.servers.s3, 5);
  const running = rig.cli.start(["run", input, "--out", out, ...batches], { LABELFLEET_GRACE_SECONDS: "1" });
  await gate.reached;
  running.killGroup("SIGINT");
  await sleep(500);
  running.killGroup("SIGINT");
  expect((await running.result(5_000)).exitCode).toBe(130);
  expect(await rig.cli.leftovers(15_000)).toEqual([]);
});

/** How often the batches of a run were tried, as the queue counts. */
async function attemptsOf(run: string): Promise<Set<string>> {
  const runId = run.split("/").at(-2)!;
  const answers = await Promise.all(
    Array.from({ length: photoCount / 10 }, (_, n) =>
      rig.servers.redis.command("HGET", `{lf-default}:batches:${runId}.r000-000000-000${n}.0`, "atm"),
    ),
  );
  return new Set(answers.map((answer) => answer.split("\r\n")[1] ?? ""));
}
