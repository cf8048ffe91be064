import { expect, test } from "vitest";
import type { ManifestEntry } from "../contract/manifest.js";
import type { Prediction } from "../contract/prediction.js";
import { checkShard } from "./check-shard.js";
import { Problems } from "./problems.js";

const listed: ManifestEntry = { key: "a.jpg", etag: "e1", sizeBytes: 5 };

function problemsOf(entry: ManifestEntry, read: Pick<Prediction, "etag" | "sizeBytes">): string[] {
  const problems = new Problems();
  const rest = { width: 1, height: 1, top: [], embedding: null, errorCode: null, errorMessage: null, retryable: null };
  const record: Prediction = { key: entry.key, modelId: "m", status: "ok", workerId: "w", pass: 0, ...rest, ...read };
  checkShard({ name: "shard", modelId: "m", entries: [entry], records: [record], problems });
  return problems.kept.map(({ message }) => message);
}

test("a record is of the listed object: its ETag and its size", () => {
  expect(problemsOf(listed, { etag: "e1", sizeBytes: 5 })).toEqual([]);
  expect(problemsOf(listed, { etag: "e2", sizeBytes: 5 })).toEqual(['shard: "a.jpg" has a record of etag e2']);
  expect(problemsOf(listed, { etag: "e1", sizeBytes: 6 })).toEqual(['shard: "a.jpg" has a record of 6 bytes']);
});

test.each(["", 'W/"e1"'])("where the listing had the ETag %j, a record says what was read", (etag) => {
  expect(problemsOf({ ...listed, etag }, { etag: "e7", sizeBytes: 5 })).toEqual([]);
  expect(problemsOf({ ...listed, etag }, { etag: "e7", sizeBytes: 6 })).toHaveLength(1);
});
