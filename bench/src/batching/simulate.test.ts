import { expect, test } from "vitest";
import { devices } from "./devices.js";
import { simulateSearch } from "./simulate.js";

const batches = 200;

test("the devices differ in what is best on them", async () => {
  const best = await Promise.all(
    Object.values(devices).map((device) => simulateSearch(device, { batches: 1, seed: 1 })),
  );
  expect(new Set(best.map(({ bestFixedSize }) => bestFixedSize)).size).toBeGreaterThanOrEqual(6);
});

test.each(Object.entries(devices))(
  "%s: within 5 %% of the best fixed size in 200 batches, and nothing fails",
  async (_, device) => {
    for (const seed of [1, 2, 3]) {
      const search = await simulateSearch(device, { batches, seed });
      expect(search.foundImagesPerSecond).toBeGreaterThanOrEqual(0.95 * search.bestImagesPerSecond);
      expect(search.settledAfterBatches).toBeLessThan(batches);
      expect(search.failedImages).toBe(0);
    }
  },
);

test("searching costs at most a quarter of the images in the meantime", async () => {
  for (const device of Object.values(devices)) {
    const { meanImagesPerSecond, bestImagesPerSecond } = await simulateSearch(device, { batches, seed: 1 });
    expect(meanImagesPerSecond).toBeGreaterThan(0.75 * bestImagesPerSecond);
  }
});

test("the same seed gives the same search", async () => {
  const device = devices["worse above 96 images, noise of 10 %"]!;
  const search = (seed: number) => simulateSearch(device, { batches, seed });
  expect(await search(5)).toEqual(await search(5));
  expect(await search(5)).not.toEqual(await search(6));
});
