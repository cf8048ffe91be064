import { expect, test } from "vitest";
import { imagesInHand } from "./images-in-hand.js";

const run = { runId: "r", modelIds: ["m"] };
const finishedAre = (...counted: string[]) => ({
  finished: async (batchIds: string[]) => batchIds.map((id) => counted.includes(id)),
});

test("images of unfinished batches count once, whoever works on them", async () => {
  const workers = [
    { imagesInHand: [{ runId: "r", batchId: "a", images: 7 }] },
    {
      imagesInHand: [
        { runId: "r", batchId: "a", images: 5 },
        { runId: "r", batchId: "b", images: 2 },
        { runId: "other", batchId: "c", images: 100 },
      ],
    },
  ];
  expect(await imagesInHand(finishedAre(), workers, run)).toBe(9);
});

test("a batch that is counted meanwhile is not counted again", async () => {
  const workers = [{ imagesInHand: [{ runId: "r", batchId: "a", images: 7 }] }];
  expect(await imagesInHand(finishedAre("a"), workers, run)).toBe(0);
});
