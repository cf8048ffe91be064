import { expect, test } from "vitest";
import { ProgressView, progressLine } from "./progress-view.js";

const progress = { done: 250, failed: 3, listed: 1_000, listingComplete: true, elapsedSeconds: 10 };

test("the line says done, total, rate, time left and failures", () => {
  expect(progressLine(progress, 25)).toBe("250 / 1,000 images (25 %) · 25.0 images/s · ETA 30 s · 3 failed");
});

test("while the listing runs the total is open and the time left a lower bound", () => {
  expect(progressLine({ ...progress, listingComplete: false }, 25)).toBe(
    "250 / 1,000+ images · 25.0 images/s · ETA at least 30 s · 3 failed",
  );
});

test("without a rate there is no time left", () => {
  expect(progressLine({ ...progress, done: 0, failed: 0 }, null)).toBe("0 / 1,000 images (0 %) · 0 failed");
});

test("without a terminal there is a line every five seconds, and the last one is never lost", () => {
  const lines: string[] = [];
  const out = { isTTY: false, write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream;
  const view = new ProgressView(out);
  for (let second = 0; second <= 8; second++) view.show({ ...progress, done: 100 * second, elapsedSeconds: second });
  view.show({ ...progress, done: 1_000, elapsedSeconds: 9 });
  view.end();
  view.end();
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["0", "500", "1,000"]);
});
