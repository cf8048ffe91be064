import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { OverdueDecodes } from "./overdue-decodes.js";

test("decodes count until they return, one way or the other", async () => {
  const overdue = new OverdueDecodes(2);
  let finish = () => {};
  let fail = (_: Error) => {};
  overdue.add(new Promise<void>((resolve) => (finish = resolve)));
  expect(overdue.areTooMany).toBe(false);
  overdue.add(new Promise<void>((_, reject) => (fail = reject)));
  expect(overdue.areTooMany).toBe(true);
  fail(new Error("bad bytes"));
  await turn();
  expect(overdue.areTooMany).toBe(false);
  overdue.add(new Promise(() => {}));
  expect(overdue.areTooMany).toBe(true);
  finish();
  await turn();
  expect(overdue.areTooMany).toBe(false);
});
