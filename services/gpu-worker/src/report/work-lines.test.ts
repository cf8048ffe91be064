import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sayWork, workLine } from "./work-lines.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a worker says every 30 s what it did since, and what waits", async () => {
  let images = 100;
  const lines: string[] = [];
  const stop = sayWork({ images: () => images, waiting: async () => 3, say: (line) => lines.push(line) });
  images = 1_600;
  await vi.advanceTimersByTimeAsync(30_000);
  await vi.advanceTimersByTimeAsync(30_000);
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lines).toEqual([
    "1,600 images done, 50.0 images/s; 3 batches waiting",
    "1,600 images done, 0.0 images/s; 3 batches waiting",
  ]);
});

test("a Redis that does not answer silences no worker", async () => {
  const lines: string[] = [];
  const stop = sayWork({ images: () => 1, waiting: () => new Promise(() => {}), say: (line) => lines.push(line) });
  await vi.advanceTimersByTimeAsync(36_000);
  stop();
  expect(lines).toEqual(["1 image done, 0.0 images/s; the queue cannot be read"]);
});

test("one batch is one", () => {
  expect(workLine({ images: 0, imagesPerSecond: 0, waiting: 1 })).toBe("0 images done, 0.0 images/s; 1 batch waiting");
});
