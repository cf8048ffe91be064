import { readConfig } from "@labelfleet/shared/config";
import { expect, test } from "vitest";
import { createProgram } from "./program.js";
import { type InferFlags, inferEnvironment } from "./run-flags.js";
import { threadPinsOf } from "./thread-pins.js";

function flagsOf(...words: string[]): InferFlags {
  const work = createProgram(() => {}).commands.find((command) => command.name() === "work")!;
  work.exitOverride().parseOptions(words);
  return work.opts();
}

test("what is pinned for a run reaches its workers through their environment", () => {
  const flags = flagsOf("--max-batch-size", "24", "--max-wait-ms", "0", "--device-memory", "2048");
  const config = readConfig(inferEnvironment(flags));
  expect(config).toMatchObject({ maxBatchSize: 24, maxWaitMs: 0, deviceMemoryMib: 2048 });
});

test("so do the threads, and a flag wins over the environment", () => {
  const flags = flagsOf("--decode-slots", "5", "--loader-threads", "2", "--fetches", "7");
  const threadPins = { inferThreads: null, decodeSlots: 5, loaderThreads: 2, fetches: 7 };
  expect(readConfig(inferEnvironment(flags)).threadPins).toEqual(threadPins);
  expect(readConfig(inferEnvironment(flagsOf("--infer-threads", "1"))).threadPins.inferThreads).toBe(1);
  const config = readConfig({ LABELFLEET_DECODE_SLOTS: "3", LABELFLEET_INFER_THREADS: "9" });
  expect(threadPinsOf({ config }, flags)).toEqual({ ...threadPins, inferThreads: 9 });
});

test("what is not pinned is left to the worker", () => {
  expect(inferEnvironment(flagsOf())).toEqual({});
  expect(readConfig({})).toMatchObject({ maxBatchSize: null, maxWaitMs: null, deviceMemoryMib: null });
});
