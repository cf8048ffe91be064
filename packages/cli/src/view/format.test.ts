import { RecentRate } from "@labelfleet/producer/recent-rate";
import { printable } from "@labelfleet/shared/printable";
import { expect, test } from "vitest";
import { counted, formatBytes, formatDuration, formatPercent, formatTable } from "./format.js";

test("durations read as people say them", () => {
  expect([0.4, 59, 200, 7_500, 273_600].map(formatDuration)).toEqual([
    "0 s",
    "59 s",
    "3 min 20 s",
    "2 h 05 min",
    "3 d 04 h",
  ]);
});

test("one of a thing is not called several", () => {
  expect([0, 1, 2_000].map((count) => counted(count, "image"))).toEqual(["0 images", "1 image", "2,000 images"]);
});

test("sizes and shares are short", () => {
  expect([12, 1_500, 123_456_789].map(formatBytes)).toEqual(["12 B", "1.5 kB", "123 MB"]);
  expect([0, 0.05, 0.5, 1].map(formatPercent)).toEqual(["0 %", "5.0 %", "50 %", "100 %"]);
});

test("a hostile key cannot move the cursor or reverse the line", () => {
  expect(printable("a\u001b[2Jb\nc\u202ed")).toBe("a\\u001b[2Jb\\u000ac\\u202ed");
});

test("tables align words left and numbers right", () => {
  expect(
    formatTable(
      ["key", "n"],
      [
        ["a", "5"],
        ["long", "120"],
      ],
    ),
  ).toBe("key     n\na       5\nlong  120\n");
});

test("the recent rate looks back half a minute", () => {
  const rate = new RecentRate();
  expect(rate.add(0, 0)).toBeNull();
  expect(rate.add(5, 0)).toBeNull();
  expect(rate.add(10, 100)).toBe(20);
  for (let second = 20; second <= 120; second += 10) rate.add(second, 100 + 50 * (second - 10));
  expect(rate.add(130, 100 + 50 * 120)).toBe(50);
});

test("the burst of a start is not shown as a rate", () => {
  const rate = new RecentRate();
  rate.add(2, 0);
  expect(rate.add(2.05, 100)).toBeNull();
  expect(rate.add(3, 200)).toBe(200);
});
