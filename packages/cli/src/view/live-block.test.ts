import { expect, test } from "vitest";
import { liveBlock, liveBlockLines, progressLine } from "./live-block.js";

const progress = { done: 250, failed: 3, listed: 1_000, listingComplete: true, elapsedSeconds: 10 };
const rate = { imagesPerSecond: 25, history: [10, 20, 25] };
const busy = { fetch: 0.1, decode: 0.5, infer: 0.97, write: 0 };
const fleet = { workers: 2, devices: ["cpu"], busy, pause: null, slowRead: null };

test("the block says how far, how fast, what is busy, who works and what failed", () => {
  expect(liveBlock(progress, rate, fleet)).toEqual([
    "███████▌░░░░░░░░░░░░░░░░░░░░░░ 25 %  250 / 1,000 images",
    "▄▇█                       25.0 images/s  ETA 30 s  after 10 s",
    "  fetch  ██░░░░░░░░░░░░░░░░░░ 10 % busy",
    "  decode ██████████░░░░░░░░░░ 50 % busy",
    "  infer  ███████████████████▍ 97 % busy",
    "  write  ░░░░░░░░░░░░░░░░░░░░ 0 % busy",
    "3 failed  2 workers on cpu",
  ]);
});

test("while the listing runs, the whole is open and the time left a lower bound", () => {
  const [first, second] = liveBlock({ ...progress, listingComplete: false }, rate, fleet);
  expect(first).toMatch(/^░+ 250 \/ 1,000\+ images, listing$/);
  expect(second).toContain("ETA at least 30 s");
});

test("the block has as many lines whatever is known, and says why nothing goes on", () => {
  const unknown = liveBlock({ ...progress, done: 0, listed: 0 }, { imagesPerSecond: null, history: [] }, null);
  expect(unknown).toHaveLength(liveBlockLines);
  const paused = liveBlock(progress, rate, { ...fleet, pause: "s3://in refuses" });
  expect(paused).toHaveLength(liveBlockLines);
  expect(paused.at(-1)).toBe("3 failed  s3://in refuses");
});

test("the block waits for a worker only while nothing is done", () => {
  const nobody = { ...fleet, workers: 0, devices: [] };
  expect(liveBlock({ ...progress, done: 0, failed: 0 }, rate, nobody).at(-1)).toBe("0 failed  waiting for a worker");
  expect(liveBlock(progress, rate, nobody).at(-1)).toBe("3 failed");
  expect(liveBlock(progress, rate, { ...fleet, devices: [] }).at(-1)).toBe("3 failed  2 workers, loading");
});

test("the line says done, total, rate, time left and failures", () => {
  expect(progressLine(progress, 25)).toBe("250 / 1,000 images (25 %) · 25.0 images/s · ETA 30 s · 3 failed");
  expect(progressLine({ ...progress, listingComplete: false }, 25)).toBe(
    "250 / 1,000+ images · 25.0 images/s · ETA at least 30 s · 3 failed",
  );
  expect(progressLine({ ...progress, done: 0, failed: 0 }, null)).toBe("0 / 1,000 images (0 %) · 0 failed");
});
