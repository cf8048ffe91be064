import { expect, test } from "vitest";
import { failedShareText } from "./failed-share.js";

test("says which share failed and which is allowed", () => {
  const tenth = { kind: "share", share: 0.1 } as const;
  expect(failedShareText({ images: 31, failed: 30 }, tenth)).toBe(
    "30 of 31 images failed (97 %), and --max-failed allows 10 %",
  );
  expect(failedShareText({ images: 5_000, failed: 4 }, { kind: "count", count: 3 })).toBe(
    "4 of 5,000 images failed (0.1 %), and --max-failed allows 3",
  );
});
