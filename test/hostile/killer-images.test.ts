import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bucket, Rig, smallPhotos, withoutWorker } from "../e2e/rig.js";
import type { CliProcess } from "../support/cli.js";
import { hostileWorker } from "../support/hostile-decoder/entries.js";
import { withSpell } from "../support/hostile-decoder/hostile-decode.js";
import type { Photo } from "../support/photos.js";

let rig: Rig;
let photos: Photo[];
let pipe: string;

beforeAll(async () => {
  rig = await Rig.start();
  photos = await smallPhotos(30);
  pipe = join(rig.dir, "pipe");
  execFileSync("mkfifo", [pipe]);
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

/** A worker whose decoders obey spells. */
function startWorker(): CliProcess {
  return rig.cli.startProgram(hostileWorker, { ...rig.shared, HOSTILE_PIPE: pipe, UV_THREADPOOL_SIZE: "8" });
}

test("an image that kills every worker becomes a failed record, and nothing else is lost", {
  timeout: 180_000,
}, async () => {
  const killer = { name: "killer.jpg", bytes: withSpell(photos[0]!.bytes, "die") };
  const input = await rig.upload("killer", [...photos, killer]);
  const out = `s3://${bucket}/out`;
  const undisturbed = await rig.records((await rig.json(["run", input, "--out", out, "--exclude", "killer.jpg"])).run);

  const words = ["scan", input, "--out", out, "--batch-images", "10", "--json"];
  const scan = rig.cli.start(words, rig.shared);
  let hasEnded = false;
  void scan.ended.then(() => {
    hasEnded = true;
  });
  let deaths = 0;
  let worker = startWorker();
  while (!hasEnded && deaths < 5) {
    await Promise.race([worker.ended, scan.ended]);
    if (hasEnded) break;
    expect((await worker.ended).signal).toBe("SIGSEGV");
    deaths++;
    worker = startWorker();
  }
  const result = await scan.result(150_000);
  expect(result.exitCode, result.stderr).toBe(0);
  // Two tries of the fast path; the third is in a process of its own, which alone dies.
  expect(deaths).toBe(2);
  worker.kill("SIGTERM");
  expect(await worker.result()).toMatchObject({ exitCode: 0 });

  const report = JSON.parse(result.stdout) as { run: string };
  expect(report).toMatchObject({ images: 31, ok: 30, failed: 1, failedByCode: { DECODE_CRASHED: 1 } });
  await rig.succeed(["verify", report.run]);
  const records = await rig.records(report.run);
  expect(records.get("killer/killer.jpg")).toMatchObject({ status: "failed", retryable: false, top: null });
  records.delete("killer/killer.jpg");
  expect(withoutWorker(records)).toEqual(withoutWorker(undisturbed));
});

test("images that keep the decoder's threads for ever cost their records only; the worker still ends", async () => {
  const holders = photos
    .slice(0, 6)
    .map(({ name, bytes }) => ({ name: `hold-${name}`, bytes: withSpell(bytes, "hold-thread") }));
  const input = await rig.folder("hold", [...photos, ...holders]);
  const worker = startWorker();
  const words = ["scan", input, "--out", join(rig.dir, "labels"), "--decode-timeout", "1500", "--max-failed", "50%"];
  const report = await rig.json([...words, "--batch-images", "12"], rig.shared);
  expect(report).toMatchObject({ images: 36, ok: 30, failed: 6, failedByCode: { DECODE_TIMEOUT: 6 } });
  worker.kill("SIGTERM");
  // A thread that hangs cannot be ended in order.
  expect((await worker.result(20_000)).signal).toBe("SIGKILL");
});

test("images at which the decoder itself is at fault cost their records only, at the first attempt", async () => {
  const faulty = photos
    .slice(0, 3)
    .map(({ name, bytes }) => ({ name: `throw-${name}`, bytes: withSpell(bytes, "throw") }));
  const input = await rig.folder("throw", [...photos, ...faulty]);
  const worker = startWorker();
  const report = await rig.json(["scan", input, "--out", join(rig.dir, "labels"), "--max-failed", "50%"], rig.shared);
  expect(report).toMatchObject({ images: 33, ok: 30, failed: 3, failedByCode: { IMAGE_UNPROCESSABLE: 3 } });
  worker.kill("SIGTERM");
  const { exitCode, stderr } = await worker.result();
  expect(exitCode).toBe(0);
  expect(stderr).not.toContain("will be tried again");
});
