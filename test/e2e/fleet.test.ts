import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CliProcess } from "../support/cli.js";
import { brokenFiles, type Photo } from "../support/photos.js";
import { bucket, Rig, smallPhotos } from "./rig.js";

let rig: Rig;
let photos: Photo[];
let input: string;
let workers: CliProcess[];

beforeAll(async () => {
  rig = await Rig.start();
  photos = await smallPhotos(60);
  input = await rig.upload("in", [...photos, ...(await brokenFiles()).slice(0, 1)]);
  const cores = { LABELFLEET_CORES: "1", LABELFLEET_LOG_LEVEL: "info" };
  workers = [0, 1].map(() => rig.cli.start(["work"], { ...rig.shared, ...cores }));
  await Promise.all(workers.map((worker) => worker.until(/worker ready/)));
});

afterAll(async () => {
  for (const worker of workers) worker.kill("SIGTERM");
  const results = await Promise.all(workers.map((worker) => worker.result()));
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(await rig.stop()).toEqual([]);
});

test("scan feeds two workers over one Redis; status, report, verify and resume agree on the result", async () => {
  const words = ["scan", input, "--out", `s3://${bucket}/out`, "--batch-images", "5"];
  const scan = rig.cli.start(words, rig.shared);
  const [, run] = await scan.until(/^(s3:\/\/\S+\/)\n/);
  const result = await scan.result();
  expect(result.exitCode, result.stderr).toBe(0);
  // The address comes first, the report after it.
  expect(result.stdout).toMatch(/^s3:\/\/\S+\/\nComplete: 61 images, 60 ok, 1 failed\n/);

  const report = await rig.json(["report", run!], rig.shared);
  expect(report).toMatchObject({
    run,
    images: 61,
    ok: 60,
    failed: 1,
    failedByCode: { IMAGE_EMPTY: 1 },
    complete: true,
  });
  expect(report.workers.map(({ images }) => images).reduce((sum, images) => sum + images, 0)).toBe(61);
  expect(report.workers).toHaveLength(2);
  for (const worker of report.workers) expect(worker.images).toBeGreaterThan(0);

  const records = await rig.records(run!);
  expect(records.size).toBe(61);
  expect(new Set([...records.values()].map(({ workerId }) => workerId))).toEqual(
    new Set(report.workers.map(({ workerId }) => workerId)),
  );

  const status = await rig.json<{ state: string; images: number; done: number; failed: number }>(
    ["status", run!],
    rig.shared,
  );
  expect(status).toMatchObject({ run, state: "done", images: 61, done: 61, ok: 60, failed: 1 });
  const all = await rig.json<{ runs: { run: string }[] }>(["status"], rig.shared);
  expect(all.runs.map((known) => known.run)).toContain(run);

  const verification = await rig.json<{ records: number }>(["verify", run!]);
  expect(verification).toMatchObject({ run, complete: true, images: 61, records: 61, problemCount: 0 });

  const before = await rig.names(run!);
  const resumed = await rig.json(["resume", run!], rig.shared);
  expect(resumed).toEqual(report);
  expect(await rig.names(run!)).toEqual(before);
});

test("scan --json prints the report alone, with the run's address on stderr; two runs share the lane", async () => {
  const words = ["scan", input, "--out", `s3://${bucket}/out`, "--batch-images", "5", "--limit", "30", "--json"];
  const scans = [0, 1].map(() => rig.cli.start(words, rig.shared));
  for (const scan of scans) {
    const result = await scan.result();
    expect(result.exitCode, result.stderr).toBe(0);
    const report = JSON.parse(result.stdout) as RunReport;
    expect(report).toMatchObject({ images: 30, complete: true });
    expect(result.stderr).toContain(report.run);
    expect((await rig.records(report.run)).size).toBe(30);
  }
});

test("report of a run that is not finished says so and exits 1; resume finishes it", async () => {
  // Nobody works on this lane, so the run stays where the producer leaves it.
  const scan = rig.cli.start(
    ["scan", input, "--out", `s3://${bucket}/out`, "--lane", "empty", "--batch-images", "20"],
    rig.shared,
  );
  const [, run] = await scan.until(/^(s3:\/\/\S+\/)\n/);
  expect(scan.stderr).toContain("labelfleet work --lane empty");
  await scan.until(/0 \/ 61 images/);
  // What the producer shows it tells Redis a moment later.
  const status = () => rig.json(["status", run!], rig.shared);
  await expect.poll(status, { timeout: 10_000 }).toMatchObject({ state: "feeding", images: 61, done: 0 });
  scan.kill("SIGTERM");
  expect((await scan.result()).exitCode).toBe(1);

  expect(await rig.json(["status", run!], rig.shared)).toMatchObject({ state: "idle", done: 0 });
  expect(await rig.json(["status", run!])).toMatchObject({ state: "idle", images: 61, done: 0 });
  const report = await rig.cli.run(["report", run!, "--json"], rig.shared);
  expect(report.exitCode).toBe(1);
  expect(JSON.parse(report.stdout)).toMatchObject({ complete: false });

  const resumed = await rig.json(["resume", run!, "--lane", "default"], rig.shared);
  expect(resumed).toMatchObject({ run, complete: true, images: 61, ok: 60, failed: 1 });
});
