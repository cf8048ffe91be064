import { expect, test } from "vitest";
import type { Prediction } from "../contract/prediction.js";
import { outputFormats } from "../contract/run-spec.js";
import { decodeShard, encodeShard } from "./shard-codec.js";

const ok: Prediction = {
  key: "a/ü\n.jpg",
  etag: "e1",
  sizeBytes: 5_000_000_000,
  width: 10,
  height: 20,
  modelId: "m",
  status: "ok",
  top: [
    { index: 3, label: "cat, tabby", probability: 0.75 },
    { index: 1, label: "dog", probability: 0.1 },
  ],
  embedding: [0.5, -1.25, 3],
  errorCode: null,
  errorMessage: null,
  retryable: null,
  workerId: "w",
  pass: 0,
};
const failed: Prediction = {
  ...ok,
  key: "b",
  width: null,
  height: null,
  status: "failed",
  top: null,
  embedding: null,
  errorCode: "IMAGE_EMPTY",
  errorMessage: "zero bytes",
  retryable: false,
};

test.each(outputFormats)("records survive %s, failures and all-null columns too", async (format) => {
  for (const records of [[ok, failed], [failed, failed], [ok], [{ ...ok, embedding: null }], []]) {
    expect(await decodeShard(await encodeShard(records, format), format, "shard")).toEqual(records);
  }
});

test("a cut line is named", async () => {
  const bytes = await encodeShard([ok, failed], "jsonl");
  await expect(decodeShard(bytes.subarray(0, bytes.length - 1), "jsonl", "s3://b/x")).rejects.toThrow(
    "s3://b/x: the last line is cut",
  );
  const holed = Buffer.from(Buffer.from(bytes).toString("utf8").replace('"status":"ok"', '"status":"fine"'));
  await expect(decodeShard(holed, "jsonl", "s3://b/x")).rejects.toThrow("s3://b/x: line 1: status");
});

test.each(outputFormats)("a %s shard cut in the middle is refused", async (format) => {
  const bytes = await encodeShard([ok, failed], format);
  await expect(decodeShard(bytes.subarray(0, bytes.length >> 1), format, "s")).rejects.toThrow(/^s/);
});
