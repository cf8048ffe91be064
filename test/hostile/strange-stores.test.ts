import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bucket, Rig, smallPhotos } from "../e2e/rig.js";
import type { Photo } from "../support/photos.js";
import { type RewrittenAnswer, xmlError } from "../support/s3-front.js";

let rig: Rig;
let photos: Photo[];
/** What each photo is labelled with, by its name, where the store is as it should be. */
let labels: Map<string, Prediction["top"]>;
const out = `s3://${bucket}/out`;

beforeAll(async () => {
  // Two keys a page: every folder of a run has several pages.
  rig = await Rig.start({ pageKeys: 2 });
  photos = await smallPhotos(8);
  const { run } = await rig.json(["run", await rig.upload("plain", photos), "--out", out]);
  labels = await labelsOf(run);
});

afterEach(() => {
  rig.servers.s3.intercept = undefined;
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

/** A store that gives every object one ETag; it refuses what it cannot compare. Returns which requests had a condition. */
function behave(rewrite: RewrittenAnswer): string[] {
  const conditions: string[] = [];
  rig.servers.s3.intercept = ({ method, key, headers }) => {
    const ifMatch = headers["if-match"];
    if (ifMatch !== undefined) {
      conditions.push(`${method} ${key} ${ifMatch}`);
      delete headers["if-match"];
      if (ifMatch !== rewrite.headers?.etag) return xmlError(412, "PreconditionFailed", "x");
    }
    return { rewrite };
  };
  return conditions;
}

async function labelsOf(run: string): Promise<typeof labels> {
  return new Map([...(await rig.records(run))].map(([key, { top }]) => [basename(key), top]));
}

const withEtag = (etag: string): RewrittenAnswer => ({
  listing: (xml) => xml.replaceAll(/<ETag>.*?<\/ETag>/g, `<ETag>${etag.replaceAll('"', "&quot;")}</ETag>`),
  headers: { etag },
});
const noTokens = {
  listing: (xml: string) => xml.replaceAll(/<NextContinuationToken>.*?<\/NextContinuationToken>/g, ""),
};

test("a store without continuation tokens: every image is labelled, reported, verified, retried and exported", async () => {
  const broken = { name: "z-broken.jpg", bytes: Buffer.from("no image") };
  const input = await rig.upload("tokens", [...photos, broken]);
  rig.servers.s3.intercept = () => ({ rewrite: noTokens });
  const report = await rig.json(["run", input, "--out", out, "--batch-images", "1", "--max-failed", "100%"]);
  expect(report).toMatchObject({ complete: true, images: 9, ok: 8, failed: 1 });
  expect((await rig.succeed(["verify", report.run])).stdout).toContain("9 images, 9 records");
  expect(await rig.json(["retry", report.run, "--code", "IMAGE_UNSUPPORTED"])).toMatchObject({ images: 9, failed: 1 });
  const file = join(rig.dir, "labels.jsonl");
  await rig.succeed(["export", report.run, "--format", "jsonl", "--out", file]);
  expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(9);
  const since = await rig.json(["run", input, "--out", out, "--since", report.run, "--max-failed", "2"]);
  expect(since).toMatchObject({ complete: true, images: 9, carriedOver: 8 });
});

test("a store that gives the first page for ever ends a command with one line", async () => {
  const input = await rig.upload("repeats", photos.slice(0, 5));
  rig.servers.s3.intercept = ({ query }) => {
    query.delete("continuation-token");
    return undefined;
  };
  const { exitCode, stderr } = await rig.cli.run(["run", input, "--out", out]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/page 2 has the keys of page 1 again.*\[LISTING_FAULTY\]/);
  expect(stderr).not.toMatch(/directory bucket|at .*\.js/);
});

test.each([
  ["empty", '""'],
  ["weak", 'W/"abc"'],
  ["zeros as MinIO's file mode has them", '"00000000000000000000000000000000-1"'],
])(
  "a store whose ETags are %s: --since labels everything anew, nothing relies on them, and a retry rewrites",
  async (name, etag) => {
    const key = `unknown-${name.slice(0, 4)}`;
    const broken = { name: "z.jpg", bytes: Buffer.from("no image") };
    const input = await rig.upload(key, [...photos.slice(0, 3), broken]);
    const conditions = behave(withEtag(etag));
    const earlier = await rig.json(["run", input, "--out", out, "--max-failed", "1"]);
    expect(earlier).toMatchObject({ complete: true, images: 4, ok: 3 });
    const code = (await rig.records(earlier.run)).get(`${key}/z.jpg`)!.errorCode!;
    await rig.succeed(["retry", earlier.run, "--code", code]);
    expect([...(await rig.records(earlier.run)).values()].map(({ pass }) => pass)).toEqual([0, 0, 0, 1]);
    await rig.succeed(["export", earlier.run, "--format", "csv"]);
    await rig.upload(key, [{ name: photos[0]!.name, bytes: photos[5]!.bytes }]);
    const report = await rig.json(["run", input, "--out", out, "--since", earlier.run, "--max-failed", "1"]);
    expect(report).toMatchObject({ complete: true, images: 4, ok: 3, carriedOver: 0 });
    expect((await labelsOf(report.run)).get(photos[0]!.name)).toEqual(labels.get(photos[5]!.name));
    if (!etag.startsWith('"0')) expect(conditions).toEqual([]);
  },
);

test("seven photos of one size whose ETags are all the same have seven labels, with and without sharing", async () => {
  const largest = Math.max(...photos.map(({ bytes }) => bytes.length));
  const sized = photos.slice(0, 7).map(({ name, bytes }) => ({
    name,
    bytes: Buffer.concat([bytes, Buffer.alloc(largest - bytes.length)]),
  }));
  const input = await rig.upload("equal", sized);
  expect(new Set([...labels.values()].map((top) => JSON.stringify(top))).size).toBe(8);
  behave(withEtag('"00000000000000000000000000000000-1"'));
  const shared = await rig.json(["run", input, "--out", out, "--merge-equal-objects"]);
  // Also where the one ETag looks like a hash, unless the run asks for sharing.
  behave(withEtag('"0cc175b9c0f1b6a831c399e269772661"'));
  const plain = await rig.json(["run", input, "--out", out]);
  for (const { run } of [shared, plain]) {
    for (const [name, top] of await labelsOf(run)) expect(top, name).toEqual(labels.get(name));
  }
});

test("objects that are replaced in mid-run are OBJECT_CHANGED without ETags too: by size, or by time", async () => {
  const input = await rig.upload("replaced", photos);
  const [larger, later] = photos.map(({ name }) => `replaced/${name}`) as [string, string];
  behave(withEtag('""'));
  const scan = rig.cli.start(["scan", input, "--out", out, "--lane", "replaced", "--json"], rig.shared);
  await scan.until(/0 \/ 8 images/);
  await rig.servers.s3.putObject(bucket, larger, Buffer.concat([photos[0]!.bytes, Buffer.alloc(1)]));
  rig.servers.s3.intercept = ({ key }) => ({
    rewrite: {
      ...withEtag('""'),
      headers: { etag: '""', ...(key === later && { "last-modified": new Date(Date.now() + 60_000).toUTCString() }) },
    },
  });
  const worker = rig.cli.start(["work", "--lane", "replaced"], rig.shared);
  const result = await scan.result();
  worker.kill("SIGTERM");
  expect((await worker.result()).exitCode).toBe(0);
  const report = JSON.parse(result.stdout) as { run: string; failed: number };
  expect(report).toMatchObject({ images: 8, ok: 6, failed: 2 });
  const records = await rig.records(report.run);
  for (const key of [larger, later])
    expect(records.get(key)).toMatchObject({ errorCode: "OBJECT_CHANGED", retryable: false });
});
