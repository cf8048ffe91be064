import type { Model } from "@labelfleet/models/model-folder";
import { resolveModel } from "@labelfleet/models/registry";
import { beforeAll, expect, it } from "vitest";
import { maxBatchRecordBytes, mostBatchImages, recordBytesOf } from "./record-bytes.js";

let lite0: Model;
beforeAll(async () => {
  lite0 = await resolveModel("efficientnet-lite0");
});

const wishes = (part: { topK?: number; embeddings?: boolean; models?: Model[] } = {}) => ({
  models: [lite0],
  topK: 5,
  embeddings: false,
  format: "jsonl" as const,
  ...part,
});

it("lets the largest batch pass with all labels of ImageNet, and with the embeddings of the family", async () => {
  expect(await mostBatchImages(wishes({ topK: 1_000 }), 10_240)).toBeGreaterThanOrEqual(10_240);
  expect(await mostBatchImages(wishes({ embeddings: true }), 10_240)).toBeGreaterThanOrEqual(10_240);
  expect(await recordBytesOf(wishes({ embeddings: true }))).toEqual(
    await recordBytesOf(wishes({ embeddings: true, models: [lite0] })),
  );
});

it("refuses a batch whose records do not fit, and names one that does", async () => {
  const models = [lite0, lite0, lite0];
  const refused = mostBatchImages(wishes({ topK: 1_000, models }), 10_240);
  await expect(refused).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringMatching(/^--batch-images 10240: /),
  });
  const message = await refused.then(String, (error: Error) => error.message);
  const named = Number(/give --batch-images (\d+) or fewer$/.exec(message)![1]);
  const { all } = await recordBytesOf(wishes({ topK: 1_000, models }));
  expect(await mostBatchImages(wishes({ topK: 1_000, models }), named)).toBe(named);
  expect(named * all).toBeLessThanOrEqual(maxBatchRecordBytes);
  expect((named + 1) * all).toBeGreaterThan(maxBatchRecordBytes);
});

it("refuses records of which one alone is longer than any reader takes", async () => {
  const labels = Array.from({ length: 900 }, (_, i) => ({ label: `${i}`.padEnd(20_000, "x") }));
  const long = { ...lite0, labels } as Model;
  const refused = mostBatchImages(wishes({ topK: 900, models: [long] }), null);
  await expect(refused).rejects.toThrow(/^one record would take 17 MiB, and the limit is 16 MiB: ask for fewer labels/);
});
