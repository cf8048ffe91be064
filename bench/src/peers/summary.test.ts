import { expect, test } from "vitest";
import { agreement, summarise } from "./summary.js";

test("start-up counts in the command and not in the marginal rate", () => {
  const [ours, peer] = summarise(
    {
      ours: [
        { small: 11, large: 31 },
        { small: 13, large: 33 },
      ],
      peer: [{ small: 30, large: 50 }],
    },
    1_000,
    3_000,
  );
  expect(ours).toMatchObject({ smallSeconds: 12, largeSeconds: 32, marginalImagesPerSecond: 100, rounds: 2 });
  expect(peer).toMatchObject({ marginalImagesPerSecond: 100, timesCommand: 2.5, timesMarginal: 1 });
});

test("a photo without a label does not agree", () => {
  const reference = new Map([
    ["a", 1],
    ["b", 2],
    ["c", 3],
    ["d", 4],
  ]);
  const labels = new Map([
    ["a", 1],
    ["b", 7],
    ["d", 4],
  ]);
  expect(agreement(reference, labels)).toBe(0.5);
});
