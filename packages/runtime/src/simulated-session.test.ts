import { expect, test } from "vitest";
import { openSimulatedSession } from "./simulated-session.js";

const shape = { inputPx: 4, numClasses: 10, embeddings: false };
const imageBytes = 4 * 4 * 3;

function images(...greys: number[]): Uint8Array {
  return Uint8Array.from(greys.flatMap((grey) => Array<number>(imageBytes).fill(grey)));
}

test("a run takes what launch and images cost, and runs follow one another", async () => {
  const session = openSimulatedSession({ launchMs: 20, imageMs: 10, memoryImages: 8 }, shape);
  const startedMs = performance.now();
  await Promise.all([session.run(images(1, 2), 2), session.run(images(1), 1)]);
  const tookMs = performance.now() - startedMs;
  expect(tookMs).toBeGreaterThanOrEqual(69);
});

test("the label depends on the image alone", async () => {
  const session = openSimulatedSession({ launchMs: 0, imageMs: 0, memoryImages: 8 }, shape);
  const alone = await session.run(images(7), 1);
  const together = await session.run(images(9, 7), 2);
  expect(together.slice(10)).toEqual(alone);
  expect(together.slice(0, 10)).not.toEqual(alone);
  expect([...alone].sort().at(-1)).toBe(1);
});

test("more images than fit are out of memory, and the session goes on", async () => {
  const session = openSimulatedSession({ launchMs: 0, imageMs: 0, memoryImages: 1 }, shape);
  await expect(session.run(images(1, 2), 2)).rejects.toMatchObject({
    code: "INFERENCE_FAILED",
    message: "the simulated device is out of memory: 2 images of 4 px, 1 fit",
  });
  expect(await session.run(images(1), 1)).toHaveLength(10);
  await session.close();
  await expect(session.run(images(1), 1)).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
});

test("embeddings come with the labels where they were asked for", async () => {
  const device = { launchMs: 0, imageMs: 0, memoryImages: 8 };
  const session = openSimulatedSession(device, { ...shape, embeddings: true });
  const { scores, embeddings } = await session.runWithEmbeddings(images(7, 9), 2);
  expect(scores).toEqual(await session.run(images(7, 9), 2));
  expect(embeddings).toHaveLength(2 * session.embeddingLength!);
  expect(embeddings[0]).not.toBe(embeddings.at(-1));
  const without = openSimulatedSession(device, shape);
  await expect(without.runWithEmbeddings(images(7), 1)).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
});
