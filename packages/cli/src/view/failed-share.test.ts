import { expect, test } from "vitest";
import { failedShareText } from "./failed-share.js";

test("a share just above the allowed one is not shown as equal to it", () => {
  const textOf = (images: number, failed: number, share: number) =>
    failedShareText({ images, failed }, { kind: "share", share });
  expect(textOf(10_000, 1_001, 0.1)).toBe("1,001 of 10,000 images failed (10.01 %), and --max-failed allows 10 %");
  expect(textOf(9, 1, 0.105)).toBe("1 of 9 images failed (11 %), and --max-failed allows 10.5 %");
});

test("says which share failed and which is allowed", () => {
  const tenth = { kind: "share", share: 0.1 } as const;
  expect(failedShareText({ images: 31, failed: 30 }, tenth)).toBe(
    "30 of 31 images failed (97 %), and --max-failed allows 10 %",
  );
  expect(failedShareText({ images: 5_000, failed: 4 }, { kind: "count", count: 3 })).toBe(
    "4 of 5,000 images failed (0.1 %), and --max-failed allows 3",
  );
});
