import { afterAll, beforeAll, expect, test } from "vitest";
import { Gate } from "../e2e/gate.js";
import { bucket, Rig, smallPhotos } from "../e2e/rig.js";
import type { CliProcess } from "../support/cli.js";

const photoCount = 12;

let rig: Rig;
let input: string;

beforeAll(async () => {
  rig = await Rig.start();
  input = await rig.upload("in", await smallPhotos(photoCount));
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

async function startWorker(): Promise<CliProcess> {
  const worker = rig.cli.start(["work"], { ...rig.shared, LABELFLEET_LOG_LEVEL: "info" });
  await worker.until(/worker ready/);
  return worker;
}

test("two workers on one batch: the first shard stays, byte for byte, and the late one is thrown away", async () => {
  const gate = new Gate(rig.servers.s3, 0);
  const slow = await startWorker();
  const scan = rig.cli.start(
    ["scan", input, "--out", `s3://${bucket}/out`, "--batch-images", String(photoCount), "--json"],
    rig.shared,
  );
  await gate.reached;
  // It holds the batch and stands still for longer than its lock, as a machine does that swaps or is suspended.
  slow.killGroup("SIGSTOP");
  gate.open();
  const fast = await startWorker();
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
  slow.kill("SIGTERM");
  expect((await slow.result()).exitCode).toBe(0);
  rig.servers.s3.intercept = undefined;

  expect((await rig.read(run, shard)).equals(first)).toBe(true);
  expect((await rig.succeed(["verify", run])).stdout).toContain(`${photoCount} images, ${photoCount} records`);
  fast.kill("SIGTERM");
  expect((await fast.result()).exitCode).toBe(0);
});
