import { LabelfleetError } from "@labelfleet/shared/errors";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { InferOutcome } from "../infer/infer-thread-handle.js";
import { Batcher, type BatchSizer, type BatchTaker } from "./batcher.js";
import type { Absence, BatchLimits } from "./policy.js";

interface Sent {
  modelKey: string;
  count: number;
  topK: number;
  atMs: number;
  finish: (error?: LabelfleetError) => void;
}

/** Threads that take batches and answer when the test says so. */
class FakeThreads implements BatchTaker {
  readonly sent: Sent[] = [];
  /** Models that are not loaded, with the error that loading them ends with. */
  readonly absent = new Map<string, LabelfleetError | null>();
  readonly brought: string[] = [];
  othersToUnload = 0;
  #free: number;

  constructor(threads: number) {
    this.#free = threads;
  }

  canTake(modelKey: string): boolean {
    return this.#free > 0 && !this.absent.has(modelKey);
  }

  onFree(): void {}

  /** Answers a batch; resolves when the batcher has seen it. */
  async finish(i: number, error?: LabelfleetError): Promise<void> {
    this.sent.at(i)!.finish(error);
    await vi.advanceTimersByTimeAsync(0);
  }

  absenceOf(modelKey: string): Absence | null {
    return this.absent.has(modelKey) ? { maxWaitMs: 100, maxImages: 5, turnMs: 0 } : null;
  }

  async bring(modelKey: string): Promise<void> {
    this.brought.push(modelKey);
    const error = this.absent.get(modelKey);
    if (error) throw error;
    this.absent.delete(modelKey);
  }

  makeRoomFor(): boolean {
    return this.othersToUnload-- > 0;
  }

  infer(modelKey: string, images: ArrayBuffer[], topK: number): Promise<InferOutcome> {
    this.#free -= 1;
    return new Promise((resolve) => {
      const finish = (error?: LabelfleetError) => {
        this.#free += 1;
        if (error) resolve({ ok: false, error, images });
        else {
          const ranked = images.map((image) =>
            Array.from({ length: topK }, (_, k) => ({ index: image.byteLength + k, probability: 1 / (k + 1) })),
          );
          resolve({ ok: true, ranked, embeddings: null, busyMs: 10 * images.length, images });
        }
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

const outOfMemory = new LabelfleetError("INFERENCE_OUT_OF_MEMORY", "out of memory");

/** Sizes that are halved by what is too large. */
function sizer(limits: Omit<BatchLimits, "anySize">): BatchSizer & { tooLarge: number[] } {
  const tooLarge: number[] = [];
  return {
    tooLarge,
    limitsOf: () => ({ ...limits, anySize: true }),
    batchDone: () => {},
    batchTooLarge: (_, images) => {
      tooLarge.push(images);
      limits.maxBatchSize = images / 2;
    },
  };
}

const image = (bytes = 4) => new ArrayBuffer(bytes);

test("images of several jobs share a batch, and each gets its own answer and its own top-k", async () => {
  const threads = new FakeThreads(1);
  const batcher = new Batcher(threads, sizer({ maxBatchSize: 2, maxWaitMs: 50 }));
  const first = batcher.infer("m", image(10), 1);
  const second = batcher.infer("m", image(20), 3);
  expect(threads.sent).toMatchObject([{ count: 2, topK: 3 }]);
  await threads.finish(0);
  expect((await first).ranked).toEqual([{ index: 10, probability: 1 }]);
  expect((await second).ranked.map(({ index }) => index)).toEqual([20, 21, 22]);
  expect(await first).toMatchObject({ busyMs: 10, batchShare: 0.5 });
});

test("a partial batch leaves when its oldest image has waited long enough, not before", () => {
  const threads = new FakeThreads(1);
  const batcher = new Batcher(threads, sizer({ maxBatchSize: 8, maxWaitMs: 20 }));
  const startedMs = performance.now();
  void batcher.infer("m", image(), 1);
  vi.advanceTimersByTime(15);
  void batcher.infer("m", image(), 1);
  vi.advanceTimersByTime(4);
  expect(threads.sent).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(threads.sent).toMatchObject([{ count: 2, atMs: startedMs + 20 }]);
});

test("while every thread is busy images gather, up to the maximum batch", async () => {
  const threads = new FakeThreads(1);
  const batcher = new Batcher(threads, sizer({ maxBatchSize: 4, maxWaitMs: 0 }));
  for (let i = 0; i < 10; i++) void batcher.infer("m", image(), 1);
  expect(threads.sent.map(({ count }) => count)).toEqual([1]);
  await threads.finish(0);
  await threads.finish(1);
  await threads.finish(2);
  expect(threads.sent.map(({ count }) => count)).toEqual([1, 4, 4, 1]);
});

test("the model whose oldest image waits longest goes first, so none is starved", async () => {
  const threads = new FakeThreads(1);
  const batcher = new Batcher(threads, sizer({ maxBatchSize: 2, maxWaitMs: 0 }));
  void batcher.infer("busy", image(), 1);
  vi.advanceTimersByTime(1);
  void batcher.infer("busy", image(), 1);
  vi.advanceTimersByTime(1);
  void batcher.infer("rare", image(), 1);
  vi.advanceTimersByTime(1);
  for (let i = 0; i < 5; i++) void batcher.infer("busy", image(), 1);
  for (let i = 0; i < 3; i++) await threads.finish(i);
  expect(threads.sent.map(({ modelKey }) => modelKey)).toEqual(["busy", "busy", "rare", "busy"]);
});

test("a batch that fails rejects all its images and no others", async () => {
  const threads = new FakeThreads(1);
  const batcher = new Batcher(threads, sizer({ maxBatchSize: 2, maxWaitMs: 0 }));
  const alone = batcher.infer("m", image(), 1);
  const pair = Promise.allSettled([batcher.infer("m", image(), 1), batcher.infer("m", image(), 1)]);
  await threads.finish(0);
  await threads.finish(1, new LabelfleetError("INFERENCE_FAILED", "refused"));
  await expect(alone).resolves.toBeDefined();
  expect(await pair).toMatchObject(Array(2).fill({ status: "rejected", reason: { message: "refused" } }));
});

test("a batch that is out of memory comes again in halves, in its order, until it fits; no image is lost", async () => {
  const threads = new FakeThreads(1);
  const sizes = sizer({ maxBatchSize: 8, maxWaitMs: 50 });
  const batcher = new Batcher(threads, sizes);
  const answers = Array.from({ length: 8 }, (_, i) => batcher.infer("m", image(10 + i), 1));
  for (const error of [outOfMemory, outOfMemory, undefined, undefined, undefined, undefined]) {
    await threads.finish(-1, error);
  }
  expect(threads.sent.map(({ count }) => count)).toEqual([8, 4, 2, 2, 2, 2]);
  const ranked = await Promise.all(answers);
  expect(ranked.map(({ ranked: [best] }) => best!.index)).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
  expect(sizes.tooLarge).toEqual([8, 4]);
});

test("an image that does not fit alone fails once other models have made room, and the rest go on", async () => {
  const threads = new FakeThreads(1);
  threads.othersToUnload = 1;
  const batcher = new Batcher(threads, sizer({ maxBatchSize: 2, maxWaitMs: 50 }));
  const answers = Promise.allSettled([batcher.infer("m", image(10), 1), batcher.infer("m", image(20), 1)]);
  for (const error of [outOfMemory, outOfMemory, outOfMemory, undefined]) {
    await threads.finish(-1, error);
  }
  expect(threads.sent.map(({ count }) => count)).toEqual([2, 1, 1, 1]);
  expect(await answers).toMatchObject([
    { status: "rejected", reason: { code: "INFERENCE_OUT_OF_MEMORY" } },
    { status: "fulfilled" },
  ]);
});

test("a model that is not loaded is brought when its images have waited long enough, or are many", async () => {
  const threads = new FakeThreads(1);
  threads.absent.set("m", null);
  const batcher = new Batcher(threads, sizer({ maxBatchSize: 8, maxWaitMs: 0 }));
  void batcher.infer("m", image(), 1);
  await vi.advanceTimersByTimeAsync(99);
  expect(threads.brought).toEqual([]);
  await vi.advanceTimersByTimeAsync(2);
  expect(threads.brought).toEqual(["m"]);
  expect(threads.sent).toMatchObject([{ modelKey: "m", count: 1 }]);
  threads.absent.set("n", null);
  for (let i = 0; i < 5; i++) void batcher.infer("n", image(), 1);
  expect(threads.brought).toEqual(["m", "n"]);
});

test("when a model cannot be loaded, its images fail and those of others do not", async () => {
  const threads = new FakeThreads(1);
  threads.absent.set("m", outOfMemory);
  const batcher = new Batcher(threads, sizer({ maxBatchSize: 8, maxWaitMs: 0 }));
  const failed = batcher.infer("m", image(), 1).catch((error: LabelfleetError) => error.code);
  const fine = batcher.infer("n", image(), 1);
  await threads.finish(0);
  await vi.advanceTimersByTimeAsync(101);
  expect(await failed).toBe("INFERENCE_OUT_OF_MEMORY");
  await expect(fine).resolves.toBeDefined();
});
