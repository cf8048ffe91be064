import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bucket, Rig, smallPhotos } from "../e2e/rig.js";
import type { Interception } from "../support/s3-front.js";

const photoCount = 12;
const slowBytesPerSecond = 35_000;
const out = `s3://${bucket}/out`;

let rig: Rig;
let input: string;
let keys: string[];

beforeAll(async () => {
  rig = await Rig.start();
  const photos = await smallPhotos(photoCount);
  // Long enough for all that watches a read to have its turn.
  photos[0] = { name: photos[0]!.name, bytes: Buffer.concat([photos[0]!.bytes, Buffer.alloc(700_000)]) };
  input = await rig.upload("in", photos);
  keys = photos.map(({ name }) => `in/${name}`);
});

afterEach(() => {
  rig.servers.s3.intercept = undefined;
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

function slowly(answers: Record<string, () => Interception | Promise<Interception>>): { reads: () => number } {
  let reads = 0;
  rig.servers.s3.intercept = ({ method, key, headers }) => {
    // The start and the breaker's control read ask for one byte.
    if (method !== "GET" || answers[key] === undefined || headers.range === "bytes=0-0") return undefined;
    reads += 1;
    return answers[key]();
  };
  return { reads: () => reads };
}

const trickle = (bytesPerSecond: number) => () => ({
  deform: { trickle: { bytes: bytesPerSecond / 20, everyMs: 50 } },
});

test("an object at 35 KB/s is read once and labelled, while status, log and nobody's breaker say that it is waited for", async () => {
  const [slow] = keys;
  const { reads } = slowly({ [slow!]: trickle(slowBytesPerSecond) });
  const env = { ...rig.shared, LABELFLEET_S3_TIMEOUT_MS: "1000", LABELFLEET_S3_MAX_ATTEMPTS: "1" };
  const worker = rig.cli.start(["work"], env);
  const scan = rig.cli.start(["scan", input, "--out", out, "--json"], env);
  const [, run] = await scan.until(/(s3:\/\/\S+\/)\n/);
  const slowReads = async () => (await rig.json<{ slowReads: unknown[] }>(["status", run!], rig.shared)).slowReads;
  const told = {
    key: slow,
    seconds: expect.any(Number),
    receivedBytes: expect.any(Number),
    sizeBytes: expect.any(Number),
  };
  await expect.poll(slowReads, { timeout: 30_000 }).toEqual([told]);
  const { stdout } = await rig.succeed(["status", run!], rig.shared);
  expect(stdout).toMatch(new RegExp(`waits for ${slow}: \\S+ kB of \\S+ kB after \\d+ s`));
  await worker.until(new RegExp(`still reading ${slow}: \\d+ of \\d+ bytes after \\d+ s`));
  expect(JSON.parse((await scan.result(60_000)).stdout)).toMatchObject({ ok: photoCount, failed: 0 });
  expect(await slowReads()).toEqual([]);
  expect(reads()).toBe(1);
  worker.kill("SIGTERM");
  expect((await worker.result()).stderr).not.toContain("paused");
});

test("objects that take longer than their bound in all are failed records that retry does again, and nothing pauses", async () => {
  const [trickling, silent] = keys;
  const held: (() => void)[] = [];
  slowly({
    [trickling!]: trickle(20_000),
    [silent!]: () => new Promise((resolve) => held.push(() => resolve("drop"))),
  });
  const env = { LABELFLEET_MAX_READ_SECONDS: "2", LABELFLEET_S3_TIMEOUT_MS: "500", LABELFLEET_S3_MAX_ATTEMPTS: "2" };
  const result = await rig.cli.run(["run", input, "--out", out, "--max-failed", "50%", "--json"], env, 60_000);
  for (const drop of held) drop();
  expect(result.exitCode, result.stderr).toBe(0);
  const report = JSON.parse(result.stdout) as { run: string };
  expect(report).toMatchObject({ ok: photoCount - 2, failed: 2, failedByCode: { OBJECT_TOO_SLOW: 2 } });
  expect(result.stderr).not.toContain("paused");
  expect((await rig.records(report.run)).get(trickling!)).toMatchObject({ retryable: true });
  rig.servers.s3.intercept = undefined;
  expect(await rig.json(["retry", report.run])).toMatchObject({ ok: photoCount, failed: 0 });
});
