import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { architectureNames } from "./efficientnet/variants.js";
import { largestBatchIn, modelMemory } from "./memory.js";

const gib = 1024 ** 3;

function memoryOf(name: string, inputPx: number, parameters: number) {
  const architecture = architectureNames.includes(name) ? name : undefined;
  return modelMemory({ ...(architecture && { architecture }), inputPx, numClasses: 1000 }, 4 * parameters, "fp32");
}

interface Measured {
  name: string;
  inputPx: number;
  parameters: number;
  batches: { batch: number; peakRssBytes: number }[];
}
const results = new URL("../../../bench/results/models.json", import.meta.url);
const { models } = JSON.parse(readFileSync(results, "utf8")) as { models: Measured[] };

test.each(models)(
  "what $name was measured to take stays within the estimate, which is at most 6 times too high",
  ({ name, inputPx, parameters, batches }) => {
    const [first, last] = [batches[0]!, batches.at(-1)!];
    const measured = (last.peakRssBytes - first.peakRssBytes) / (last.batch - first.batch);
    const { imageBytes } = memoryOf(name, inputPx, parameters);
    expect(imageBytes).toBeGreaterThan(measured);
    expect(imageBytes).toBeLessThan(6 * measured);
  },
);

test("B7 at 600 px fits in batches of a few where B0 at 224 px fits in hundreds", () => {
  const batchIn = (name: string, px: number, parameters: number) =>
    largestBatchIn(8 * gib, memoryOf(name, px, parameters));
  expect(batchIn("efficientnet_b7", 600, 66.3e6)).toBe(15);
  expect(batchIn("efficientnet_b0", 224, 5.3e6)).toBe(236);
});

test("half the precision is half of the images' memory, and what does not fit is no batch", () => {
  const card = { architecture: "efficientnet_b0", inputPx: 224, numClasses: 1000 };
  expect(2 * modelMemory(card, 1, "fp16").imageBytes).toBe(modelMemory(card, 1, "fp32").imageBytes);
  expect(largestBatchIn(100, { modelBytes: 200, imageBytes: 1 })).toBe(0);
});
