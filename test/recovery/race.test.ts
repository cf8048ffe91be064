import { expect, test } from "vitest";
import { out, stopWorker, useRecoveryRig } from "./recovery-rig.js";

const photoCount = 12;
const recovery = useRecoveryRig(photoCount);

test("two workers on one batch: the first shard stays, byte for byte, and the late one is thrown away", async () => {
  const { rig, input } = recovery;
  const gate = recovery.gate(0);
  const slow = await recovery.startWorker();
  const scan = rig.cli.start(["scan", input, "--out", out, "--batch-images", String(photoCount), "--json"], rig.shared);
  await gate.reached;
  // It holds the batch and stands still for longer than its lock, as a machine does that swaps or is suspended.
  slow.killGroup("SIGSTOP");
  gate.open();
  const fast = await recovery.startWorker();
  const result = await scan.result();
  expect(result.exitCode, result.stderr).toBe(0);
  const { run } = JSON.parse(result.stdout) as { run: string };
  const shard = "predictions/model=efficientnet-lite0/r000-000000-0000.jsonl";
  const first = await rig.read(run, shard);

  const latePuts: string[] = [];
  rig.servers.s3.intercept = ({ method, key, headers }) => {
    if (method === "PUT" && key.endsWith(shard)) latePuts.push(String(headers["if-none-match"]));
    return undefined;
  };
  slow.killGroup("SIGCONT");
  // It had begun every image of the batch, so it goes on to the end and finds the shard there.
  await expect.poll(() => latePuts, { timeout: 15_000 }).toEqual(["*"]);
  await stopWorker(slow);
  rig.servers.s3.intercept = undefined;

  expect((await rig.read(run, shard)).equals(first)).toBe(true);
  expect((await rig.succeed(["verify", run])).stdout).toContain(`${photoCount} images, ${photoCount} records`);
  await stopWorker(fast);
});
