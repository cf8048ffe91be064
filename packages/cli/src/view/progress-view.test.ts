import { expect, test } from "vitest";
import { progressLine } from "./progress-view.js";

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
