import { createHash } from "node:crypto";
import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { expect, test } from "vitest";
import { EqualObjects } from "./equal-objects.js";

const md5 = "0cc175b9c0f1b6a831c399e269772661";
const otherMd5 = "92eb5ffee6ae2fec3ad71c777531578f";
const models = ["lite0"];
const ignore = () => {};
let labelled: string[] = [];

function entry(key: string, changes: Partial<ManifestEntry> = {}): ManifestEntry {
  return { key, etag: md5, sizeBytes: 100, ...changes };
}

function job(one: ManifestEntry, pass = 0) {
  return { entry: one, modelIds: models, pass };
}

/** Labels as the pipeline would, and notes for which object. */
function labelling({ key, etag, sizeBytes }: ManifestEntry, changes: Partial<Prediction> = {}) {
  return async (): Promise<Prediction[]> => {
    labelled.push(key);
    await new Promise(setImmediate);
    const record = { key, etag, sizeBytes, width: 5, height: 4, modelId: "lite0", status: "ok" as const };
    const rest = { errorCode: null, errorMessage: null, retryable: null, workerId: "w", pass: 0, embedding: null };
    return [{ ...record, ...rest, top: [{ index: 1, label: key, probability: 1 }], ...changes }];
  };
}

async function labelAll(equal: EqualObjects, entries: ManifestEntry[], atOnce = true): Promise<Prediction[][]> {
  labelled = [];
  const results: Promise<Prediction[]>[] = [];
  for (const one of entries) {
    const result = equal.label(job(one), labelling(one));
    if (!atOnce) await result;
    results.push(result);
  }
  return Promise.all(results);
}

test.each([true, false])(
  "equal objects are labelled once, at the same time or not (%s), each with its own record",
  async (atOnce) => {
    const results = await labelAll(
      new EqualObjects("s3://photos/", ignore),
      ["a", "b", "c"].map((key) => entry(key)),
      atOnce,
    );
    expect(labelled).toEqual(["a"]);
    expect(results.flat().map(({ key, top }) => [key, top?.[0]?.label])).toEqual([
      ["a", "a"],
      ["b", "a"],
      ["c", "a"],
    ]);
  },
);

test("another content or set of models is another object", async () => {
  const equal = new EqualObjects("s3://photos/", ignore);
  const others = [entry("a"), entry("b", { etag: otherMd5 })];
  await labelAll(equal, others);
  expect(labelled).toEqual(["a", "b"]);
  await equal.label({ ...job(entry("d")), modelIds: ["lite0", "lite1"] }, labelling(entry("d")));
  expect(labelled).toContain("d");
});

test.each([
  ["a file's size and time", "file:///photos/", "1048-1700000000000000000"],
  ["a file whose name for a version looks like MD5", "file:///photos/", md5],
  ["a counter", "s3://photos/", "1"],
  ["a hash of another kind", "s3://photos/", `${md5}${md5}`],
  ["an upload in parts", "s3://photos/", `${md5}-2`],
  ["nothing", "s3://photos/", ""],
  ["a weak ETag", "s3://photos/", `W/"${md5}"`],
  ["zeros, as MinIO's file mode has it", "s3://photos/", "00000000000000000000000000000000-1"],
  ["zeros", "s3://photos/", "00000000000000000000000000000000"],
  ["repeated digits", "s3://photos/", "abababababababababababababababab"],
  ["the MD5 of nothing", "s3://photos/", "d41d8cd98f00b204e9800998ecf8427e"],
])("%s is no proof of equal content", async (_name, input, etag) => {
  await labelAll(new EqualObjects(input, ignore), [entry("a", { etag }), entry("b", { etag })]);
  expect(labelled).toEqual(["a", "b"]);
});

test("what is not ok is not shared: the next equal object is labelled itself", async () => {
  const equal = new EqualObjects("s3://photos/", ignore);
  labelled = [];
  const failed = labelling(entry("a"), { status: "failed", errorCode: "OBJECT_NOT_FOUND", top: null });
  const results = await Promise.all([
    equal.label(job(entry("a")), failed),
    equal.label(job(entry("b")), labelling(entry("b"))),
  ]);
  expect(results.flat().map(({ status }) => status)).toEqual(["failed", "ok"]);
  const broken = equal.label(job(entry("c", { etag: otherMd5 })), () => Promise.reject(new Error("a thread died")));
  const after = equal.label(job(entry("d", { etag: otherMd5 })), labelling(entry("d", { etag: otherMd5 })));
  await expect(broken).rejects.toThrow("a thread died");
  expect((await after)[0]).toMatchObject({ key: "d", status: "ok" });
});

test("a record says which pass it was made in, whatever pass its equal is of", async () => {
  const equal = new EqualObjects("s3://photos/", ignore);
  await equal.label(job(entry("a")), labelling(entry("a")));
  expect(await equal.label(job(entry("b"), 1), labelling(entry("b")))).toMatchObject([{ key: "b", pass: 1 }]);
});

test("only so many objects are remembered, the longest unseen is forgotten first", async () => {
  const equal = new EqualObjects("s3://photos/", ignore, 2);
  const etagOf = (text: string) => createHash("md5").update(text).digest("hex");
  const [a, b, c] = ["a", "b", "c"].map((digit) => entry(digit, { etag: etagOf(digit) })) as [
    ManifestEntry,
    ManifestEntry,
    ManifestEntry,
  ];
  await labelAll(equal, [a, b, a, c], false);
  expect(labelled).toEqual(["a", "b", "c"]);
  await labelAll(equal, [a, c, b], false);
  expect(labelled).toEqual(["b"]);
});

test("once equal ETags meet different sizes nothing is shared any more, and that is said once", async () => {
  const said: string[] = [];
  const equal = new EqualObjects("s3://photos/", (line) => said.push(line));
  await labelAll(
    equal,
    [entry("a"), entry("b"), entry("x", { etag: otherMd5 }), entry("c", { sizeBytes: 101 })],
    false,
  );
  expect(labelled).toEqual(["a", "x", "c"]);
  const after = [entry("d"), entry("e"), entry("y", { etag: otherMd5 }), entry("f", { sizeBytes: 102 })];
  await labelAll(equal, after, false);
  expect(labelled).toEqual(["d", "e", "y", "f"]);
  expect(said).toEqual([expect.stringMatching(/--merge-equal-objects .* 100 and one of 101 bytes/)]);
});

test("who waits for an equal object when that is found out labels its own", async () => {
  const equal = new EqualObjects("s3://photos/", ignore);
  await labelAll(equal, [entry("a"), entry("b"), entry("c", { sizeBytes: 101 })]);
  expect(labelled.toSorted()).toEqual(["a", "b", "c"]);
});
