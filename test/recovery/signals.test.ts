import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { bucket } from "../e2e/rig.js";
import { out, stopWorker, useRecoveryRig } from "./recovery-rig.js";

/** More than a worker lets in at once, so that some batches are in hand and not begun. */
const photoCount = 100;
const batches = ["--batch-images", "10"];

const recovery = useRecoveryRig(photoCount);

test("SIGTERM of a worker under load: it ends with 0 within its grace time, and gives back what it cannot finish", async () => {
  const { rig, input } = recovery;
  const gate = recovery.gate(25);
  const worker = await recovery.startWorker({ LABELFLEET_GRACE_SECONDS: "2" });
  const scan = rig.cli.start(["scan", input, "--out", out, ...batches, "--json"], rig.shared);
  await gate.reached;
  worker.kill("SIGTERM");
  await worker.until(/worker stopping/);
  // Longer than the grace time, so that what is in hand cannot be finished; shorter than grace and letting go together.
  await sleep(3_500);
  gate.open();
  const ended = await worker.result(10_000);
  expect(ended).toMatchObject({ exitCode: 0, signal: null });
  expect(ended.stderr).not.toMatch(/will be tried again|failed for good/);
  expect(await shardsThere()).toBeLessThan(photoCount / 10);

  const next = await recovery.startWorker();
  const result = await scan.result();
  expect(result.exitCode, result.stderr).toBe(0);
  // Handed back means that nobody has to find out that the worker is gone.
  expect(next.stderr).not.toContain("lost its worker");
  const { run } = JSON.parse(result.stdout) as { run: string };
  expect((await rig.succeed(["verify", run])).stdout).toContain(`${photoCount} images, ${photoCount} records`);
  // No attempt was used up.
  expect(await attemptsOf(run)).toEqual(new Set(["1"]));
  await stopWorker(next);
});

test("SIGTERM of a worker with time to spare: it finishes what it has begun", async () => {
  const { rig, input } = recovery;
  const gate = recovery.gate(5);
  const worker = await recovery.startWorker();
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

const stops = [
  { what: "Ctrl-C", name: "SIGINT" },
  { what: "a closed terminal", name: "SIGHUP" },
] as const;

test.each(stops)(
  "$what in run: it stops, says how to go on, and leaves nothing behind; resume completes the run",
  async ({ name }) => {
    const { rig, input } = recovery;
    const gate = recovery.gate(25);
    const running = rig.cli.start(["run", input, "--out", out, ...batches, "--json"], {
      LABELFLEET_GRACE_SECONDS: "5",
    });
    await gate.reached;
    // The first batch is done, and the producer has had time to see it.
    const shardsBefore = await shardsThere();
    await expect.poll(shardsThere, { timeout: 60_000 }).toBeGreaterThan(shardsBefore);
    await sleep(1_000);
    running.killGroup(name);
    await sleep(500);
    const before = await shardsThere();
    gate.open();
    const result = await running.result(20_000);
    expect(result).toMatchObject({ exitCode: 1, signal: null });
    expect(result.stderr).not.toMatch(/^\s+at /m);
    const [, run] = /^Stopped\. Resume with: npx labelfleet resume (s3:\/\/\S+\/)$/m.exec(result.stderr) ?? [];
    expect(run, result.stderr).toBeDefined();
    const said = JSON.parse(result.stdout) as { ok: number };
    expect(said).toEqual({ run, complete: false, outcome: "stopped", images: photoCount, ok: said.ok, failed: 0 });
    expect(said.ok).toBeGreaterThanOrEqual(10);
    expect(await rig.cli.leftovers()).toEqual([]);
    expect(await rig.names(run!)).not.toContain("_SUCCESS");
    // What was in hand was finished, not thrown away.
    expect(await shardsThere()).toBeGreaterThan(before);

    const report = await rig.json(["resume", run!]);
    expect(report).toMatchObject({ run, complete: true, images: photoCount, ok: photoCount });
    expect((await rig.succeed(["verify", run!])).stdout).toContain("Complete");
  },
);

test("a second Ctrl-C ends run at once, and still nothing stays behind", async () => {
  const { rig, input } = recovery;
  const gate = recovery.gate(5);
  const running = rig.cli.start(["run", input, "--out", out, ...batches], { LABELFLEET_GRACE_SECONDS: "20" });
  await gate.reached;
  running.killGroup("SIGINT");
  await sleep(500);
  running.killGroup("SIGINT");
  const result = await running.result(5_000);
  expect(result.exitCode, result.stderr).toBe(130);
  expect(await rig.cli.leftovers(10_000)).toEqual([]);
});

async function shardsThere(): Promise<number> {
  const { rig } = recovery;
  return rig.servers.s3.listKeys(bucket, "out/").filter((key) => key.includes("/predictions/")).length;
}

/** How often the batches of a run were tried, as the queue counts. */
async function attemptsOf(run: string): Promise<Set<string>> {
  const { rig } = recovery;
  const runId = run.split("/").at(-2)!;
  const answers = await Promise.all(
    Array.from({ length: photoCount / 10 }, (_, n) =>
      rig.servers.redis.command("HGET", `{lf-default}:batches:${runId}.r000-000000-000${n}.0`, "atm"),
    ),
  );
  return new Set(answers.map((answer) => answer.split("\r\n")[1] ?? ""));
}
