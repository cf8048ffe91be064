import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { isPhotoGet } from "../e2e/gate.js";
import { out, stopWorker, useRecoveryRig } from "./recovery-rig.js";

const photoCount = 120;
const recovery = useRecoveryRig(photoCount);

test("resume and retry with other limits: a worker that has the run open goes by them", async () => {
  const { rig, input } = recovery;
  const worker = await recovery.startWorker();
  const words = [
    "scan",
    input,
    "--out",
    out,
    "--batch-images",
    "5",
    "--max-pixels",
    "100",
    "--max-failed",
    "0",
    "--json",
  ];
  // So slow that the producer stops the run while most of it is still in the queue.
  rig.servers.s3.intercept = async (request) => {
    if (isPhotoGet(request)) await sleep(200);
    return undefined;
  };
  const stopped = await rig.cli.run(words, rig.shared);
  rig.servers.s3.intercept = undefined;
  expect(stopped.exitCode, stopped.stderr).toBe(3);
  const { run, failed } = JSON.parse(stopped.stdout) as { run: string; failed: number };
  expect(failed).toBeLessThan(photoCount);

  const resumed = await rig.json(["resume", run, "--max-pixels", "1000000", "--max-failed", "100%"], rig.shared);
  expect(resumed).toMatchObject({
    complete: true,
    images: photoCount,
    failedByCode: { IMAGE_TOO_LARGE: resumed.failed },
  });
  expect(resumed.failed).toBeGreaterThanOrEqual(failed);
  expect(resumed.ok).toBeGreaterThan(0);
  const { limits } = (await rig.spec(run)).overridable;
  expect(limits).toEqual({ maxPixels: 1_000_000, maxObjectBytes: 128 * 2 ** 20, decodeTimeoutMs: 30_000 });

  const small = await rig.json(["retry", run, "--code", "IMAGE_TOO_LARGE", "--max-bytes", "10"], rig.shared);
  expect(small).toMatchObject({ complete: true, ok: resumed.ok, failedByCode: { OBJECT_TOO_LARGE: resumed.failed } });
  const large = ["retry", run, "--code", "OBJECT_TOO_LARGE", "--max-bytes", "10000000", "--decode-timeout", "20000"];
  expect(await rig.json(large, rig.shared)).toMatchObject({ complete: true, ok: photoCount, failed: 0 });
  expect((await rig.spec(run)).overridable.limits.decodeTimeoutMs).toBe(20_000);
  await rig.succeed(["verify", run]);
  await stopWorker(worker);
});
