import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Inferred } from "../infer/infer-thread-handle.js";
import { Batcher, type BatchTaker } from "./batcher.js";

interface Sent {
  modelKey: string;
  count: number;
  topK: number;
  atMs: number;
  finish: (error?: Error) => void;
}

/** Threads that take batches and answer when the test says so. */
class FakeThreads implements BatchTaker {
  readonly sent: Sent[] = [];
  #free: number;
  #onFree: () => void = () => {};

  constructor(threads: number) {
    this.#free = threads;
  }

  canTake(): boolean {
    return this.#free > 0;
  }

  onFree(callback: () => void): void {
    this.#onFree = callback;
  }

  infer(modelKey: string, images: ArrayBuffer[], topK: number): Promise<Inferred> {
    this.#free -= 1;
    return new Promise((resolve, reject) => {
      const finish = (error?: Error) => {
        this.#free += 1;
        if (error) reject(error);
        else {
          const ranked = images.map((image) =>
            Array.from({ length: topK }, (_, k) => ({ index: image.byteLength + k, probability: 1 / (k + 1) })),
          );
          resolve({ ranked, embeddings: null, busyMs: 10 * images.length, images });
        }
        this.#onFree();
      };
      this.sent.push({ modelKey, count: images.length, topK, atMs: performance.now(), finish });
    });
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const image = (bytes = 4) => new ArrayBuffer(bytes);

test("images of several jobs share a batch, and each gets its own answer and its own top-k", async () => {
  const threads = new FakeThreads(1);
  const batcher = new Batcher(threads, () => ({ maxBatchSize: 2, maxWaitMs: 50 }));
  const first = batcher.infer("m", image(10), 1);
  const second = batcher.infer("m", image(20), 3);
  expect(threads.sent).toMatchObject([{ count: 2, topK: 3 }]);
  threads.sent[0]!.finish();
  expect((await first).ranked).toEqual([{ index: 10, probability: 1 }]);
  expect((await second).ranked.map(({ index }) => index)).toEqual([20, 21, 22]);
  expect(await first).toMatchObject({ busyMs: 10, batchShare: 0.5 });
});

test("a partial batch leaves when its oldest image has waited long enough, not before", () => {
  const threads = new FakeThreads(1);
  const batcher = new Batcher(threads, () => ({ maxBatchSize: 8, maxWaitMs: 20 }));
  const startedMs = performance.now();
  void batcher.infer("m", image(), 1);
  vi.advanceTimersByTime(15);
  void batcher.infer("m", image(), 1);
  vi.advanceTimersByTime(4);
  expect(threads.sent).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(threads.sent).toMatchObject([{ count: 2, atMs: startedMs + 20 }]);
});

test("while every thread is busy images gather, up to the maximum batch", () => {
  const threads = new FakeThreads(1);
  const batcher = new Batcher(threads, () => ({ maxBatchSize: 4, maxWaitMs: 0 }));
  for (let i = 0; i < 10; i++) void batcher.infer("m", image(), 1);
  expect(threads.sent.map(({ count }) => count)).toEqual([1]);
  threads.sent[0]!.finish();
  threads.sent[1]!.finish();
  threads.sent[2]!.finish();
  expect(threads.sent.map(({ count }) => count)).toEqual([1, 4, 4, 1]);
});

test("the model whose oldest image waits longest goes first, so none is starved", () => {
  const threads = new FakeThreads(1);
  const batcher = new Batcher(threads, () => ({ maxBatchSize: 2, maxWaitMs: 0 }));
  void batcher.infer("busy", image(), 1);
  vi.advanceTimersByTime(1);
  void batcher.infer("busy", image(), 1);
  vi.advanceTimersByTime(1);
  void batcher.infer("rare", image(), 1);
  vi.advanceTimersByTime(1);
  for (let i = 0; i < 5; i++) void batcher.infer("busy", image(), 1);
  for (let i = 0; i < 3; i++) threads.sent[i]!.finish();
  expect(threads.sent.map(({ modelKey }) => modelKey)).toEqual(["busy", "busy", "rare", "busy"]);
});

test("a batch that fails rejects all its images and no others", async () => {
  const threads = new FakeThreads(1);
  const batcher = new Batcher(threads, () => ({ maxBatchSize: 2, maxWaitMs: 0 }));
  const alone = batcher.infer("m", image(), 1);
  const pair = [batcher.infer("m", image(), 1), batcher.infer("m", image(), 1)];
  threads.sent[0]!.finish();
  threads.sent[1]!.finish(new Error("out of memory"));
  await expect(alone).resolves.toBeDefined();
  for (const one of pair) await expect(one).rejects.toThrow("out of memory");
});
