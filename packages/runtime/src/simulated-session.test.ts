import { simulatedDeviceSchema } from "@labelfleet/shared/simulated-device";
import { expect, test } from "vitest";
import { SimulatedMemory } from "./simulated-memory.js";
import { openSimulatedSession, type SimulatedModel } from "./simulated-session.js";

const mib = 1024 ** 2;
const shape = { inputPx: 4, numClasses: 10, embeddings: false, modelBytes: mib, imageBytes: mib };
const imageBytes = 4 * 4 * 3;

function open(fields: Record<string, number>, model: SimulatedModel = shape, memory?: SimulatedMemory) {
  const device = simulatedDeviceSchema.parse({ launchMs: 0, imageMs: 0, ...fields });
  return openSimulatedSession(device, memory ?? new SimulatedMemory(device.memoryMib), model);
}

function images(...greys: number[]): Uint8Array {
  return Uint8Array.from(greys.flatMap((grey) => Array<number>(imageBytes).fill(grey)));
}

test("a run takes what launch and images cost, and runs follow one another", async () => {
  const session = open({ launchMs: 20, imageMs: 10 });
  const startedMs = performance.now();
  await Promise.all([session.run(images(1, 2), 2), session.run(images(1), 1)]);
  const tookMs = performance.now() - startedMs;
  expect(tookMs).toBeGreaterThanOrEqual(69);
});

test("the label depends on the image alone", async () => {
  const session = open({});
  const alone = await session.run(images(7), 1);
  const together = await session.run(images(9, 7), 2);
  expect(together.slice(10)).toEqual(alone);
  expect(together.slice(0, 10)).not.toEqual(alone);
  expect([...alone].sort().at(-1)).toBe(1);
});

test("more images than fit are out of memory, and the session goes on", async () => {
  const session = open({ memoryImages: 1 });
  await expect(session.run(images(1, 2), 2)).rejects.toMatchObject({
    code: "INFERENCE_OUT_OF_MEMORY",
    message: "the simulated device is out of memory: 2 images of 4 px, 1 fit",
  });
  expect(await session.run(images(1), 1)).toHaveLength(10);
  await session.close();
  await expect(session.run(images(1), 1)).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
});

test("embeddings come with the labels where they were asked for", async () => {
  const session = open({}, { ...shape, embeddings: true });
  const { scores, embeddings } = await session.runWithEmbeddings(images(7, 9), 2);
  expect(scores).toEqual(await session.run(images(7, 9), 2));
  expect(embeddings).toHaveLength(2 * session.embeddingLength!);
  expect(embeddings[0]).not.toBe(embeddings.at(-1));
  const without = open({});
  await expect(without.runWithEmbeddings(images(7), 1)).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
});

test("models share the device's memory: a call needs room beside all of them, and a closed one makes room", async () => {
  const memory = new SimulatedMemory(4);
  const first = open({}, shape, memory);
  await first.run(images(1, 2, 3), 3);
  const second = open({}, shape, memory);
  await expect(first.run(images(1, 2, 3), 3)).rejects.toMatchObject({ code: "INFERENCE_OUT_OF_MEMORY" });
  await first.run(images(1, 2), 2);
  const large = { ...shape, modelBytes: 3 * mib };
  expect(() => open({}, large, memory)).toThrow("the model takes 3 MiB, 2 are free");
  await second.close();
  await second.close();
  expect(() => open({}, large, memory)).not.toThrow();
});
