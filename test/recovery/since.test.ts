import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bucket } from "../e2e/rig.js";
import { xmlError } from "../support/s3-front.js";
import { out, useRecoveryRig } from "./recovery-rig.js";

/** The others come between two runs. */
const uploaded = 50;
const recovery = useRecoveryRig(60, uploaded);

test("--since labels new, changed and failed objects, and carries the rest over into a whole run", async () => {
  const { rig, input, photos } = recovery;
  const broken = { name: "zz-broken.jpg", bytes: Buffer.from("no image") };
  await rig.upload("in", [broken]);
  const earlier = await rig.json(["run", input, "--out", out, "--batch-images", "7"]);
  expect(earlier).toMatchObject({ images: 51, ok: 50, failed: 1, carriedOver: 0 });

  // Ten are new, one is replaced, two are gone.
  await rig.upload("in", [...photos.slice(uploaded), { name: photos[20]!.name, bytes: photos[21]!.bytes }]);
  const gone = [photos[3]!.name, photos[33]!.name];
  for (const name of gone) await rig.servers.s3.deleteObject(bucket, `in/${name}`);
  const words = ["run", input, "--out", out, "--batch-images", "11", "--since", earlier.run];
  let report = earlier;
  const reads = await recovery.readsDuring(async () => {
    report = await rig.json([...words, "--format", "jsonl"]);
  });
  expect(report).toMatchObject({ complete: true, images: 59, ok: 58, failed: 1, carriedOver: 47 });
  expect(report.workers.reduce((sum, { images }) => sum + images, 0)).toBe(12);
  const labelled = [...photos.slice(uploaded), photos[20]!, broken].map(({ name }) => `in/${name}`).sort();
  expect(reads).toEqual(labelled);
  const [before, after] = [await rig.records(earlier.run), await rig.records(report.run)];
  for (const [key, record] of after) {
    if (!labelled.includes(key)) expect(record).toEqual(before.get(key));
  }
  const again = after.get(`in/${photos[20]!.name}`)!;
  expect(again.top).toEqual(before.get(`in/${photos[21]!.name}`)!.top);
  await rig.succeed(["verify", report.run]);

  // A chain: nothing has changed since, so only the failed object is read; and the earlier run is not needed afterwards.
  const third = await recovery.readsDuring(async () => {
    const { run } = await rig.json(["run", input, "--out", out, "--since", report.run]);
    await rig.succeed(["verify", run]);
  });
  expect(third).toEqual(["in/zz-broken.jpg"]);
});

test("a shard that is missing or damaged in the earlier run is labelled anew", async () => {
  const { rig, photos } = recovery;
  const input = await rig.folder("files", photos.slice(0, 12));
  const labels = join(rig.dir, "labels");
  const earlier = await rig.json(["run", input, "--out", labels, "--batch-images", "4"]);
  const shard = (n: number) =>
    fileURLToPath(`${earlier.run}predictions/model=efficientnet-lite0/r000-000000-000${n}.jsonl`);
  const before = await rig.records(earlier.run);
  await rm(shard(0));
  await writeFile(shard(1), (await readFile(shard(1), "utf8")).slice(0, -10));
  const report = await rig.json(["run", input, "--out", labels, "--since", earlier.run]);
  expect(report).toMatchObject({ complete: true, ok: 12, carriedOver: 4 });
  const top = (records: typeof before) => [...records].map(([key, record]) => [key, record.top?.[0]?.label]);
  expect(top(await rig.records(report.run))).toEqual(top(before));
});

test("what a batch labelled itself counts as its own work when it comes again", async () => {
  const { rig, photos } = recovery;
  const input = await rig.upload("twice", photos.slice(0, 5));
  const { run } = await rig.json(["run", input, "--out", out]);
  await rig.upload("twice", photos.slice(5, 12));
  const stormy = `twice/${photos[7]!.name}`;
  let reads = 0;
  rig.servers.s3.intercept = ({ method, key }) => {
    if (method !== "GET" || key !== stormy) return undefined;
    reads += 1;
    return reads === 1 ? xmlError(503, "SlowDown", "Please reduce your request rate.") : undefined;
  };
  const words = ["run", input, "--out", out, "--since", run, "--batch-images", "20"];
  const report = await rig.json(words, { LABELFLEET_S3_MAX_ATTEMPTS: "1" });
  expect(reads).toBe(2);
  expect(report).toMatchObject({ complete: true, ok: 12, carriedOver: 5 });
});

test("--since names another input, other models or no run: the command is refused before it makes anything", async () => {
  const { rig, photos } = recovery;
  const input = await rig.folder("one", photos.slice(0, 2));
  const other = await rig.folder("other", photos.slice(0, 2));
  const labels = join(rig.dir, "refused");
  const { run } = await rig.json(["run", input, "--out", labels]);
  const refuse = async (from: string, flags: string[]) => {
    const { exitCode, stderr } = await rig.cli.run(["run", from, "--out", join(rig.dir, "none"), ...flags]);
    return [exitCode, stderr.trim().split("\n").at(-1)];
  };
  expect(await refuse(other, ["--since", run])).toEqual([2, expect.stringMatching(/it labelled file:.*\[USAGE\]$/)]);
  expect(await refuse(input, ["--since", run, "--model", "efficientnet-lite1"])).toEqual([
    2,
    expect.stringContaining("it did not use this efficientnet-lite1"),
  ]);
  expect(await refuse(input, ["--since", run, "--top-k", "3"])).toEqual([2, expect.stringContaining("--top-k 5")]);
  expect(await refuse(input, ["--since", labels])).toEqual([1, expect.stringContaining("RUN_NOT_FOUND")]);
});
