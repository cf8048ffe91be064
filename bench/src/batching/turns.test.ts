import { setImmediate as turn } from "node:timers/promises";
import { Batcher } from "@labelfleet/gpu-worker/batch/batcher";
import { seededRandom } from "@labelfleet/test/support/random";
import { expect, test } from "vitest";
import { SimulatedClock } from "./simulated-clock.js";
import { TurnTaker, type TurnTimes } from "./turn-taker.js";

const limits = { maxBatchSize: 8, maxWaitMs: 5, anySize: false };
const sizer = { limitsOf: () => limits, batchDone: () => {}, batchTooLarge: () => {} };
const modelKeys = ["a", "b", "c"];

/** A run whose images each want some models, so many in flight at once, on a device that holds one model. */
async function run(options: TurnTimes & { images: number; inFlight: number; wants: () => string[] }) {
  const clock = new SimulatedClock();
  const taker = new TurnTaker(modelKeys, options, clock);
  taker.models.setMaxWaiting(options.inFlight);
  const batcher = new Batcher(taker, sizer, clock);
  let [begun, inFlight, inferences] = [0, 0, 0];
  while (begun < options.images || inFlight > 0) {
    for (; begun < options.images && inFlight < options.inFlight; begun++) {
      inFlight += 1;
      const wanted = options.wants();
      inferences += wanted.length;
      void Promise.all(wanted.map((modelKey) => batcher.infer(modelKey, new ArrayBuffer(0), 1))).then(() => {
        inFlight -= 1;
      });
    }
    clock.advance();
    await turn();
  }
  const computeMs = inferences * options.imageMs;
  return { taker, tookMs: clock.now(), computeMs };
}

test("with images that want all models, each is loaded once for all images in flight", async () => {
  const options = { loadMs: 1_000, imageMs: 10, images: 640, inFlight: 64, wants: () => modelKeys };
  const { taker, tookMs, computeMs } = await run(options);
  expect(taker.loads).toBeLessThanOrEqual(3 * (640 / 64) + 3);
  expect(tookMs).toBeLessThan(1.1 * (computeMs + taker.loads * 1_000));
});

test("where loading costs nothing there are turns all the same, and work between any two loads", async () => {
  const { taker } = await run({ loadMs: 0, imageMs: 1, images: 300, inFlight: 64, wants: () => modelKeys });
  expect(taker.loads).toBeLessThanOrEqual(taker.changes + modelKeys.length);
});

test("whatever comes in whatever order, every image is done, in a time that loads and work account for", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = seededRandom(seed);
    const int = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
    const times = { loadMs: int(0, 1) * int(0, 500), imageMs: int(0, 20) };
    const share = random();
    const wants = () => modelKeys.filter((name) => name === "a" || random() < share);
    const { taker, tookMs, computeMs } = await run({ ...times, images: int(1, 120), inFlight: int(1, 80), wants });
    // Each load may be waited for twice as long as it takes, and 50 ms at least.
    const turnMs = Math.max(50, 2 * times.loadMs);
    expect(tookMs, `seed ${seed}`).toBeLessThan(computeMs * 2 + (taker.loads + 1) * (times.loadMs + turnMs) + 120 * 5);
    expect(taker.loads, `seed ${seed}`).toBeLessThanOrEqual(taker.changes + modelKeys.length);
  }
});
