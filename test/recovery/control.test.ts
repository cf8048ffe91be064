import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { expect, test } from "vitest";
import type { CliResult } from "../support/cli.js";
import { out, stopWorker, useRecoveryRig } from "./recovery-rig.js";

/** A worker holds at most 16 batches. */
const photoCount = 120;
const freeReads = 15;
const batches = ["--batch-images", "5"];

const recovery = useRecoveryRig(photoCount);

async function stateOf(run: string, env: Record<string, string> = recovery.rig.shared): Promise<string> {
  const { rig } = recovery;
  return (await rig.json<{ state: string }>(["status", run], env)).state;
}

async function recordCount(run: string): Promise<number> {
  const { rig } = recovery;
  return (await rig.records(run)).size;
}

test("pause ends the producer and empties the queue; resume goes on and completes the run", async () => {
  const { rig } = recovery;
  const gate = recovery.gate(freeReads);
  const worker = await recovery.startWorker();
  const { scan, run } = await recovery.startScan(...batches);
  await gate.reached;
  expect(await stateOf(run)).toBe("feeding");
  expect((await rig.succeed(["pause", run], rig.shared)).stdout).toBe(
    `Paused. Resume with: npx labelfleet resume ${run}\n`,
  );
  const result = await scan.result();
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toContain(`Paused. Resume with: npx labelfleet resume ${run}`);
  expect(await rig.waitingBatches()).toBe(0);
  expect(await stateOf(run)).toBe("paused");

  // What a worker holds is finished, and nothing else is begun.
  gate.open();
  await stopWorker(worker);
  expect(await recordCount(run)).toBeLessThan(photoCount);

  const report = await rig.json(["resume", run, "--workers", "1"], rig.shared);
  expect(report).toMatchObject({ complete: true, ok: photoCount });
  expect(await stateOf(run)).toBe("done");
  await rig.succeed(["verify", run]);
  expect(await rig.json(["pause", run], rig.shared)).toEqual({ run, state: "done" });
});

test("cancel ends the producer; resume refuses the run until it is forced", async () => {
  const { rig } = recovery;
  const gate = recovery.gate(freeReads);
  const worker = await recovery.startWorker();
  const { scan, run } = await recovery.startScan(...batches);
  await gate.reached;
  expect(await rig.json(["cancel", run], rig.shared)).toEqual({ run, state: "cancelled" });
  const result = await scan.result();
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toContain("Cancelled. Existing results stay in");
  expect(await rig.waitingBatches()).toBe(0);
  gate.open();
  await stopWorker(worker);
  const labelled = await recordCount(run);
  expect(labelled).toBeLessThan(photoCount);
  // Batches that the worker handed back are taken off the queue, not labelled.
  const next = await recovery.startWorker();
  await expect.poll(() => rig.waitingBatches()).toBe(0);
  await stopWorker(next);
  expect(await recordCount(run)).toBe(labelled);
  for (const env of [rig.shared, {}]) expect(await stateOf(run, env)).toBe("cancelled");

  for (const [command, env] of [
    ["resume", {}],
    ["retry", {}],
    ["pause", rig.shared],
  ] as const) {
    const refused = await rig.cli.run([command, run], env);
    expect([command, refused.exitCode]).toEqual([command, 1]);
    expect(refused.stderr.trim().split("\n")).toEqual([
      `labelfleet: ${run} was cancelled: start a new run, or resume it anyway with npx labelfleet resume ${run} --force [RUN_CANCELLED]`,
    ]);
  }
  for (const words of [
    ["verify", run],
    ["export", run, "--format", "csv"],
  ]) {
    const { stdout, stderr } = await rig.cli.run(words);
    expect(stdout + stderr).toMatch(/npx labelfleet resume \S+ --force\n/);
    expect(stdout + stderr).not.toMatch(/npx labelfleet resume \S+\n/);
  }
  expect(await recordCount(run)).toBe(labelled);
  expect(await rig.json(["resume", run, "--force"])).toMatchObject({ complete: true, ok: photoCount });
  expect(await rig.names(run)).not.toContain("_CANCELLED");
  expect(await rig.json(["cancel", run])).toEqual({ run, state: "done" });
});

test("cancel without REDIS_URL ends a run that has a Redis of its own", async () => {
  const { rig, input } = recovery;
  const gate = recovery.gate(freeReads);
  const running = rig.cli.start(["run", input, "--out", out, ...batches]);
  await gate.reached;
  const run = recovery.newestRun();
  await rig.succeed(["cancel", run]);
  await running.until(/Cancelled\. Existing results stay/);
  gate.open();
  expect((await running.result()).exitCode).toBe(1);
  expect(await recordCount(run)).toBeLessThan(photoCount);
});

test("pause without REDIS_URL is wrong usage", async () => {
  const { rig } = recovery;
  const result = await rig.cli.run(["pause", `${out}/20260102t030405z-abcdef/`]);
  expect(result.exitCode).toBe(2);
  expect(result.stderr).toContain("REDIS_URL is not set");
});

test("--max-failed stops a run in its middle with exit code 3, once a percentage counts; resume goes on", async () => {
  const { rig } = recovery;
  const nothing = Array.from({ length: 700 }, (_, i) => ({
    name: `${String(i).padStart(4, "0")}.jpg`,
    bytes: Buffer.from("no image"),
  }));
  const folder = await rig.upload("bad", nothing);
  // One image at a time from a slow store, so that the run cannot be over before anybody looks.
  rig.servers.s3.intercept = async ({ method, key }) => {
    if (method === "GET" && key.startsWith("bad/")) await new Promise((resolve) => setTimeout(resolve, 10));
    return undefined;
  };
  const stopped = await rig.cli.run(["run", folder, "--out", out, "--batch-images", "10", "--json"]);
  rig.servers.s3.intercept = undefined;
  expect(stopped.exitCode, stopped.stderr).toBe(3);
  const { run, complete, images, failed } = reportOf(stopped);
  expect({ complete, images }).toEqual({ complete: false, images: nothing.length });
  expect(failed).toBeGreaterThanOrEqual(200);
  expect(failed).toBeLessThan(nothing.length);
  expect(stopped.stderr).toContain(`labelfleet resume ${run} --max-failed 100%`);
  expect(await rig.names(run)).not.toContain("_SUCCESS");

  // The same bound stops it again at once; another one lets it go on.
  expect((await rig.cli.run(["resume", run])).exitCode).toBe(3);
  const resumed = await rig.json(["resume", run, "--max-failed", "100%"]);
  expect(resumed).toMatchObject({
    complete: true,
    failed: nothing.length,
    failedByCode: { IMAGE_UNSUPPORTED: nothing.length },
  });
  await rig.succeed(["verify", run]);
});

function reportOf({ stdout }: CliResult): RunReport {
  return JSON.parse(stdout) as RunReport;
}
