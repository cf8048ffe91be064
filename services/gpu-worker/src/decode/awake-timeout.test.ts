import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { setAwakeTimeout } from "./awake-timeout.js";

/** What a stop of the process looks like from inside: time goes on, and nothing runs. */
function stop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test("time passes only while the process runs", async () => {
  let isOver = false;
  setAwakeTimeout(1_500, () => {
    isOver = true;
  });
  stop(3_000);
  await sleep(20);
  expect(isOver).toBe(false);
  await expect.poll(() => isOver, { timeout: 15_000 }).toBe(true);
}, 30_000);

test("a cancelled timeout calls nobody", async () => {
  let isOver = false;
  const cancel = setAwakeTimeout(20, () => {
    isOver = true;
  });
  cancel();
  await sleep(100);
  expect(isOver).toBe(false);
});
