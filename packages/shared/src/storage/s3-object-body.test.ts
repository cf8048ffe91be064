import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { ObjectBody } from "./s3-object-body.js";
import type { ReadAnswer } from "./s3-reader.js";

const whole = Buffer.alloc(20_000, "a");

function answer(bytes: Buffer): ReadAnswer {
  return {
    status: 200,
    etag: '"0cc175b9c0f1b6a831c399e269772661"',
    contentLength: whole.length,
    contentRange: undefined,
    body: Readable.from([bytes]),
  } as ReadAnswer;
}

test("an answer that comes after its attempt was given up changes nothing of what the next attempt reads", async () => {
  const progress = { receivedBytes: 0, sizeBytes: null };
  const object = new ObjectBody("s3://b/k", { progress: progress as never });
  const next = new AbortController().signal;
  await expect(object.add(answer(whole.subarray(0, 12_000)), next)).rejects.toThrow("12000 of 20000 bytes");
  const late = answer(Buffer.alloc(20_000, "b"));
  await expect(object.add(late, AbortSignal.abort(new Error("given up")))).rejects.toThrow("given up");
  expect(late.body).toMatchObject({ destroyed: true });
  expect(progress.receivedBytes).toBe(12_000);
  await object.add({ ...answer(whole.subarray(12_000)), status: 206, contentRange: "bytes 12000-19999/20000" }, next);
  expect(object.result.body.equals(whole)).toBe(true);
});
