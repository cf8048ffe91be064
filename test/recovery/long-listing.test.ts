import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Rig } from "../e2e/rig.js";
import { type ComputedBucket, ComputedObjects, photoKeyOf, startComputedBucket } from "../support/computed-bucket.js";

/** As entries in memory they would take more than the heap that the producer gets. */
const keyCount = 300_000;
const heap = { NODE_OPTIONS: "--max-old-space-size=64" };

let rig: Rig;
let bucket: ComputedBucket;

beforeAll(async () => {
  rig = await Rig.start();
  bucket = await startComputedBucket("vast", new ComputedObjects(keyCount, photoKeyOf));
});

afterAll(async () => {
  await bucket.close();
  expect(await rig.stop()).toEqual([]);
});

test("a bucket is listed ahead of its workers, in ranges and in bounded memory", async () => {
  const env = { ...rig.shared, ...bucket.env, ...heap };
  const flags = ["--out", join(rig.dir, "labels"), "--batch-images", "10240"];
  const scan = rig.cli.start(["scan", "s3://vast/in", ...flags], env);
  const [, run] = await scan.until(/^(file:\S+\/)\n/, 120_000);
  await scan.until(/ 300,000 images \(/, 100_000);
  scan.kill("SIGINT");
  expect((await scan.result()).exitCode).toBe(1);

  const names = await rig.names(run!);
  expect(names.filter((name) => name.endsWith(".done"))).toHaveLength(8);
  const status = await rig.json<{ images: number; listingComplete: boolean }>(["status", run!]);
  expect(status).toMatchObject({ images: keyCount, listingComplete: true, state: "idle" });
});
