import { setImmediate as turn } from "node:timers/promises";
import { BatchSizes } from "@labelfleet/gpu-worker/batch/batch-sizes";
import { Batcher } from "@labelfleet/gpu-worker/batch/batcher";
import { simulatedCallMs } from "@labelfleet/runtime/simulated-timing";
import type { SimulatedDevice } from "@labelfleet/shared/simulated-device";
import { seededRandom } from "@labelfleet/test/support/random";
import { SimulatedClock } from "./simulated-clock.js";
import { SimulatedTaker } from "./simulated-taker.js";

/** As many as a worker keeps: one batch that is computed, the next one, and one that gathers. */
const batchesWaiting = 3;
const modelKey = "model";

export interface SimulatedSearch {
  bestFixedSize: number;
  /** Of the best fixed size, without noise. */
  bestImagesPerSecond: number;
  foundSize: number;
  /** Of the size that was found, without noise. */
  foundImagesPerSecond: number;
  /** Batches until the search was over; null when it went on. */
  settledAfterBatches: number | null;
  /** Over all batches, those that were tried out and those that did not fit included. */
  meanImagesPerSecond: number;
  /** Images that were given to a batch that did not fit, and came again. */
  retriedImages: number;
  failedImages: number;
}

/** Batches, searched for by the worker's own parts, on a device that always has work. Deterministic: the clock is simulated. */
export async function simulateSearch(
  device: SimulatedDevice,
  { batches, seed }: { batches: number; seed: number },
): Promise<SimulatedSearch> {
  const clock = new SimulatedClock();
  const taker = new SimulatedTaker(device, clock, seededRandom(seed));
  let settledAfterBatches: number | null = null;
  const sizes = new BatchSizes({
    pinned: { maxBatchSize: null, maxWaitMs: null },
    nameOf: async (name) => name,
    notes: {
      read: async () => null,
      write: async () => {
        settledAfterBatches ??= taker.batches.length;
      },
    },
    say: () => {},
  });
  await sizes.open({
    modelKey,
    device: "simulated",
    weights: { weightsSha256: "", precision: "fp32" },
    imageBytes: 1,
  });
  const batcher = new Batcher(taker, sizes, clock);
  let [waiting, failedImages] = [0, 0];
  while (taker.batches.length < batches) {
    for (; waiting < batchesWaiting * sizes.largest; waiting++) {
      const ended = () => {
        waiting -= 1;
      };
      batcher.infer(modelKey, new ArrayBuffer(0), 1).then(ended, () => {
        failedImages += 1;
        ended();
      });
    }
    clock.advance();
    await turn();
  }
  const done = taker.batches.slice(0, batches);
  const images = (fits: boolean) => done.reduce((sum, batch) => sum + (batch.fits === fits ? batch.images : 0), 0);
  const foundSize = sizes.limitsOf(modelKey).maxBatchSize;
  const best = bestFixed(device);
  return {
    ...best,
    foundSize,
    foundImagesPerSecond: rateOf(device, foundSize),
    settledAfterBatches,
    meanImagesPerSecond: (1000 * images(true)) / done.at(-1)!.endMs,
    retriedImages: images(false),
    failedImages,
  };
}

const largestSize = 256;

/** Of every size, not only of those that are searched. */
function bestFixed(device: SimulatedDevice): Pick<SimulatedSearch, "bestFixedSize" | "bestImagesPerSecond"> {
  let [bestFixedSize, bestImagesPerSecond] = [1, rateOf(device, 1)];
  for (let size = 2; size <= Math.min(largestSize, device.memoryImages); size++) {
    const rate = rateOf(device, size);
    if (rate > bestImagesPerSecond) [bestFixedSize, bestImagesPerSecond] = [size, rate];
  }
  return { bestFixedSize, bestImagesPerSecond };
}

function rateOf(device: SimulatedDevice, size: number): number {
  return size > device.memoryImages ? 0 : (1000 * size) / simulatedCallMs(device, size);
}
