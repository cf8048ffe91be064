import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { ImageBudget } from "./image-budget.js";

async function entered(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await turn();
  return done;
}

test("lets in until images or bytes are used up, then in order of arrival", async () => {
  const budget = new ImageBudget({ maxImages: 2, maxBytes: 100 });
  expect(await entered(budget.enter("r", 60))).toBe(true);
  const second = budget.enter("r", 60);
  const third = budget.enter("r", 10);
  expect(await entered(second)).toBe(false);
  expect(await entered(third)).toBe(false);
  budget.leave("r", 60);
  expect(await entered(second)).toBe(true);
  expect(await entered(third)).toBe(true);
  expect(await entered(budget.enter("r", 1))).toBe(false);
});

test("the run with the fewest images inside is next, so that a small run is not behind a large one", async () => {
  const budget = new ImageBudget({ maxImages: 4, maxBytes: 100 });
  const order: string[] = [];
  const enter = (runId: string, name: string) => void budget.enter(runId, 1).then(() => order.push(name));
  for (let i = 0; i < 9; i++) enter("large", `large-${i}`);
  for (let i = 0; i < 3; i++) enter("small", `small-${i}`);
  await turn();
  expect(order).toEqual(["large-0", "large-1", "large-2", "large-3"]);
  expect([budget.isInside("small"), budget.isWaiting("small")]).toEqual([false, true]);
  for (let i = 0; i < 4; i++) {
    budget.leave("large", 1);
    await turn();
  }
  expect(order.slice(4)).toEqual(["small-0", "small-1", "large-4", "large-5"]);
  expect([budget.isInside("small"), budget.isWaiting("small")]).toEqual([true, true]);
});

test("an image larger than the whole budget gets in alone", async () => {
  const budget = new ImageBudget({ maxImages: 4, maxBytes: 100 });
  const small = budget.enter("r", 1);
  const huge = budget.enter("r", 1_000);
  expect(await entered(small)).toBe(true);
  expect(await entered(huge)).toBe(false);
  budget.leave("r", 1);
  expect(await entered(huge)).toBe(true);
});
