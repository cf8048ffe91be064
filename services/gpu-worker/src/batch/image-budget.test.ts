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
  expect(await entered(budget.enter(60))).toBe(true);
  const second = budget.enter(60);
  const third = budget.enter(10);
  expect(await entered(second)).toBe(false);
  expect(await entered(third)).toBe(false);
  budget.leave(60);
  expect(await entered(second)).toBe(true);
  expect(await entered(third)).toBe(true);
  expect(await entered(budget.enter(1))).toBe(false);
});

test("an image larger than the whole budget gets in alone", async () => {
  const budget = new ImageBudget({ maxImages: 4, maxBytes: 100 });
  const small = budget.enter(1);
  const huge = budget.enter(1_000);
  expect(await entered(small)).toBe(true);
  expect(await entered(huge)).toBe(false);
  budget.leave(1);
  expect(await entered(huge)).toBe(true);
});
