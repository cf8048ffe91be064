import { join } from "node:path";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bucket, Rig, smallPhotos } from "../e2e/rig.js";
import { startRedis } from "../support/redis-server.js";

let rig: Rig;
let input: string;

beforeAll(async () => {
  rig = await Rig.start();
  input = await rig.upload("in", await smallPhotos(20));
});

afterEach(() => {
  rig.servers.s3.intercept = undefined;
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

test("objects whose GET never answers end as records: the last of a run never hangs", async () => {
  const held: (() => void)[] = [];
  rig.servers.s3.intercept = ({ method, key, headers }) => {
    if (method !== "GET" || !key.startsWith("in/cat-") || headers.range !== undefined) return undefined;
    return new Promise((resolve) => held.push(() => resolve("drop")));
  };
  const words = ["run", input, "--out", `s3://${bucket}/out`, "--max-failed", "50%", "--json"];
  const env = { LABELFLEET_S3_TIMEOUT_MS: "500", LABELFLEET_S3_MAX_ATTEMPTS: "2" };
  const result = await rig.cli.run(words, env, 80_000);
  for (const drop of held) drop();
  expect(result.exitCode, result.stderr).toBe(0);
  const report = JSON.parse(result.stdout) as RunReport;
  expect(report.failed).toBeGreaterThan(0);
  expect(report.failedByCode).toEqual({ STORE_TIMEOUT: report.failed });
  expect(report.ok + report.failed).toBe(20);
});

test("--max-pixels and --max-bytes make records of what is larger", async () => {
  const photos = await smallPhotos(3);
  const files = [
    { name: "a.jpg", bytes: photos[0]!.bytes },
    { name: "b.jpg", bytes: Buffer.concat([photos[1]!.bytes, Buffer.alloc(100_000)]) },
  ];
  const folder = await rig.folder("large", files);
  const out = join(rig.dir, "labels");
  const codes = async (...flags: string[]) => {
    const { run } = await rig.json(["run", folder, "--out", out, "--max-failed", "100%", ...flags]);
    return [...(await rig.records(run)).values()].map(({ errorCode }) => errorCode);
  };
  expect(await codes("--max-pixels", String(240 * 180))).toEqual([null, null]);
  expect(await codes("--max-pixels", String(240 * 180 - 1))).toEqual(["IMAGE_TOO_LARGE", "IMAGE_TOO_LARGE"]);
  expect(await codes("--max-bytes", "90000")).toEqual([null, "OBJECT_TOO_LARGE"]);
});

test("images larger than the memory for all of them go one by one", async () => {
  const files = (await smallPhotos(4)).map(({ name, bytes }) => ({
    name,
    bytes: Buffer.concat([bytes, Buffer.alloc(2 ** 20)]),
  }));
  const folder = await rig.folder("memory", files);
  const report = await rig.json(["run", folder, "--out", join(rig.dir, "labels")], { LABELFLEET_IN_FLIGHT_MIB: "1" });
  expect(report).toMatchObject({ images: 4, ok: 4 });
});

test("a worker that has lost Redis for longer than its bound says so and ends", async () => {
  const redis = await startRedis();
  try {
    const env = { REDIS_URL: redis.url, LABELFLEET_LOG_LEVEL: "info", LABELFLEET_REDIS_WAIT_SECONDS: "2" };
    const worker = rig.cli.start(["work"], env);
    await worker.until(/worker ready/);
    await redis.kill();
    const { exitCode, stderr } = await worker.result(30_000);
    expect(exitCode, stderr).toBe(1);
    expect(stderr).toContain("Redis has been away for 2 s");
    expect(stderr).toContain("[REDIS_UNAVAILABLE]");
  } finally {
    await redis.stop();
  }
});
