import { setTimeout as sleep } from "node:timers/promises";
import { LoaderThread } from "@labelfleet/gpu-worker/fetch/loader-thread-handle";
import { InferThread } from "@labelfleet/gpu-worker/infer/infer-thread-handle";
import { defaultImageLimits } from "@labelfleet/shared/contract/run-spec";
import { expect, test } from "vitest";
import { hostileEntries } from "../support/hostile-decoder/entries.js";

const hungThread = new URL(import.meta.resolve("@labelfleet/test/support/hung-thread"));

const loaderData = {
  fetchSlots: 1,
  decodeSlots: 1,
  maxDecodeBytes: 2 ** 30,
  decoderEntry: hostileEntries.decoderProcess.href,
};
const request = {
  runId: "r",
  input: "file:///none/",
  key: "a",
  etag: "x",
  specs: [],
  limits: defaultImageLimits,
  maxReadMs: 60_000,
  background: null,
  isolated: false,
};

/** Collects what a thread dies of. */
function deaths(): { of: string[]; onDied: (error: Error) => void } {
  const of: string[] = [];
  return { of, onDied: (error) => of.push(error.message) };
}

test("an inference thread that gives no answer counts as dead, and what waits for it or comes later fails", async () => {
  const died = deaths();
  const thread = new InferThread({ data: { device: "cpu" }, timeoutMs: 200, onDied: died.onDied, entry: hungThread });
  await expect(thread.infer("m", [], 5)).rejects.toMatchObject({ code: "WORKER_DIED" });
  expect(died.of).toEqual(["an inference thread ended: no answer for 200 ms"]);
  await expect(thread.infer("m", [], 5)).rejects.toThrow("no answer for 200 ms");
  expect(await thread.close()).toBe(true);
});

test("what waits for a thread that is closed fails, although the thread never answers", async () => {
  const { onDied } = deaths();
  const infer = new InferThread({ data: { device: "cpu" }, timeoutMs: 60_000, onDied, entry: hungThread });
  const loader = new LoaderThread(hungThread, loaderData, onDied);
  const waiting = Promise.allSettled([infer.infer("m", [], 5), loader.load(request)]);
  expect(await Promise.all([infer.close(), loader.close()])).toEqual([true, true]);
  const reasons = (await waiting).map((outcome) => outcome.status === "rejected" && outcome.reason.message);
  expect(reasons).toEqual(["an inference thread is closed", "a loader thread is closed"]);
});

test("an inference thread with nothing to do may be silent", async () => {
  const died = deaths();
  const thread = new InferThread({ data: { device: "cpu" }, timeoutMs: 100, onDied: died.onDied });
  await sleep(500);
  expect(died.of).toEqual([]);
  expect(await thread.close()).toBe(true);
});

test("a loader thread whose event loop hangs counts as dead, and images that wait for it or come later fail", async () => {
  const died = deaths();
  const thread = new LoaderThread(hungThread, loaderData, died.onDied, { maxSilenceMs: 300 });
  await expect(thread.load(request)).rejects.toMatchObject({ code: "WORKER_DIED" });
  expect(died.of).toEqual(["a loader thread ended: silent for 300 ms"]);
  await expect(thread.load(request)).rejects.toThrow("silent for 300 ms");
  expect(await thread.close()).toBe(true);
});

test("a loader thread that turns answers its pings", async () => {
  const died = deaths();
  const thread = new LoaderThread(hostileEntries.loaderThread, loaderData, died.onDied, { maxSilenceMs: 5_000 });
  await sleep(6_000);
  expect(died.of).toEqual([]);
  expect(await thread.close()).toBe(true);
});
