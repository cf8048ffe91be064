import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { expect, test } from "vitest";
import { maxOpenRuns } from "../bounds.js";
import { Stores } from "./stores.js";

/** Stores of which only opening and closing is of interest here. */
function watched(): { stores: Stores; opened: string[]; closed: string[] } {
  const opened: string[] = [];
  const closed: string[] = [];
  const stores = new Stores(async (input) => {
    opened.push(input);
    const close = async () => {
      closed.push(input);
      throw new Error("a store that does not close well");
    };
    return { uriOf: () => input, close } as unknown as ObjectStore;
  });
  return { stores, opened, closed };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const names = (count: number) => Array.from({ length: count }, (_, i) => `input ${i}`);

test("inputs of all runs that a worker has open are opened once, however they take turns", async () => {
  const { stores, opened, closed } = watched();
  const inputs = names(maxOpenRuns);
  for (const input of [...inputs, ...inputs]) {
    expect(await stores.use(input, async (store) => store.uriOf(""))).toBe(input);
  }
  await settle();
  expect([opened, closed]).toEqual([inputs, []]);
});

test("of more inputs the one that is longest unused is closed, and one that is being read stays", async () => {
  const { stores, opened, closed } = watched();
  const [first, second, third, ...others] = names(maxOpenRuns + 1) as [string, string, string, ...string[]];
  let finish = () => {};
  const reading = stores.use(first, () => new Promise<void>((resolve) => (finish = resolve)));
  await stores.open(second);
  await stores.open(third);
  await stores.open(second);
  for (const input of others) await stores.open(input);
  await settle();
  expect(closed).toEqual([third]);
  finish();
  await reading;
  await stores.open(third);
  await settle();
  expect(closed).toEqual([third, first]);
  expect(opened.at(-1)).toBe(third);
});

test("a store that could not be opened is tried again", async () => {
  let attempts = 0;
  const stores = new Stores(async () => {
    attempts += 1;
    if (attempts === 1) throw new Error("no such store");
    return {} as ObjectStore;
  });
  await expect(stores.open("a")).rejects.toThrow("no such store");
  await stores.open("a");
  expect(attempts).toBe(2);
});
