import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rangesSchema } from "@labelfleet/shared/contract/manifest";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { connectRedis, type Redis } from "@labelfleet/shared/redis/connection";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig } from "../e2e/rig.js";
import { type ComputedBucket, ComputedObjects, photoKeyOf, startComputedBucket } from "../support/computed-bucket.js";
import { DrainingWorker } from "../support/draining-worker.js";

/** Enough for eight ranges of two chunks each. */
const keyCount = 200_000;
const killedAtChunks = 6;
const endMs = 120_000;

let rig: Rig;
let bucket: ComputedBucket;
let redis: Redis;
let worker: DrainingWorker;

beforeAll(async () => {
  rig = await Rig.start();
  bucket = await startComputedBucket("vast", new ComputedObjects(keyCount, photoKeyOf));
  redis = await connectRedis(rig.servers.redis.url);
});

afterAll(async () => {
  await worker?.close();
  redis.disconnect();
  await bucket.close();
  expect(await rig.stop()).toEqual([]);
});

async function namesOf(run: string): Promise<string[]> {
  // A killed producer leaves the file that it was writing, under a name that no listing has.
  return (await readdir(join(fileURLToPath(run), runNames.manifest))).filter((name) => !name.startsWith("."));
}

test("kill -9 of the producer while it lists 8 ranges: resume goes on in each of them, and the manifest is whole", async () => {
  const env = { ...rig.shared, ...bucket.env };
  const out = join(rig.dir, "labels");
  const scan = rig.cli.start(["scan", "s3://vast/in", "--out", out, "--batch-images", "10240"], env);
  const [, run] = await scan.until(/^(file:\S+\/)\n/, 120_000);
  const isReached = new Promise<void>((resolve) => {
    bucket.beforeListing = async () => {
      const chunks = (await namesOf(run!)).filter((name) => name.endsWith(".jsonl.gz"));
      if (chunks.length < killedAtChunks) return;
      resolve();
      await new Promise<void>((release) => scan.ended.finally(release));
    };
  });
  await isReached;
  scan.kill("SIGKILL");
  await scan.ended;
  bucket.beforeListing = undefined;

  const folder = await RunFolder.open(run!);
  const { ranges } = (await folder.readJson(runNames.ranges, rangesSchema))!.value;
  expect(ranges).toHaveLength(8);
  const left = await namesOf(run!);
  const isBegun = ({ id }: { id: string }) => left.includes(`${id}-000000.jsonl.gz`);
  expect(ranges.filter(isBegun).length, "ranges that had begun").toBeGreaterThan(1);
  expect(left.filter((name) => name.endsWith(".done")).length, "ranges that were done").toBeLessThan(8);
  const etags = new Map<string, string>();
  for (const name of left) etags.set(name, (await folder.readBytes(`${runNames.manifest}${name}`))!.etag);

  worker = new DrainingWorker(redis, rig.servers.redis.url);
  const resumed = await rig.cli.run(["resume", run!, "--json"], env, endMs);
  expect(resumed.exitCode, resumed.stderr).toBe(0);
  expect(JSON.parse(resumed.stdout)).toMatchObject({ complete: true, images: keyCount, ok: keyCount });

  const listed: string[] = [];
  for (const name of (await namesOf(run!)).sort()) {
    if (!name.endsWith(".jsonl.gz")) continue;
    const { etag } = (await folder.readBytes(`${runNames.manifest}${name}`))!;
    expect(etags.get(name) ?? etag, `${name} stays as it was`).toBe(etag);
    listed.push(...(await folder.readChunk(name.slice(0, -".jsonl.gz".length))).map(({ key }) => key));
  }
  expect(listed.length).toBe(keyCount);
  expect(listed.every((key, i) => key === photoKeyOf(i))).toBe(true);
  await folder.close();
  expect((await rig.succeed(["verify", run!])).stdout).toContain(`200,000 images, 200,000 records`);
}, 240_000);
