import { expect, test } from "vitest";
import { Releasers } from "./releasers.js";

test("releases in reverse order, one failure does not stop the rest, twice is fine", async () => {
  const order: string[] = [];
  const failures: string[] = [];
  const releasers = new Releasers();
  releasers.push("first", () => order.push("first"));
  releasers.push("broken", () => Promise.reject(new Error("stuck")));
  releasers.push("last", async () => order.push("last"));
  await releasers.releaseAll((name, error) => failures.push(`${name}: ${(error as Error).message}`));
  await releasers.releaseAll();
  expect(order).toEqual(["last", "first"]);
  expect(failures).toEqual(["broken: stuck"]);
});
