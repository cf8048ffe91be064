import { expect, test } from "vitest";
import { BusyShares } from "./busy-shares.js";

const slots = { fetch: 8, decode: 1, infer: 2, write: 2 };

test("shares are of the slots' time since the last look, over all runs", () => {
  const shares = new BusyShares(1_000);
  const one = { fetch: 4_000, decode: 500, infer: 1_000, write: 0 };
  expect(shares.since([one, { ...one, decode: 400 }], slots, 2_000)).toEqual({
    fetch: 1,
    decode: 0.9,
    infer: 1,
    write: 0,
  });
  expect(shares.since([one, { ...one, decode: 900 }], slots, 3_000)).toEqual({
    fetch: 0,
    decode: 0.5,
    infer: 0,
    write: 0,
  });
});

test("a run that was closed between two looks makes no negative share", () => {
  const shares = new BusyShares(0);
  shares.since([{ fetch: 100, decode: 100, infer: 100, write: 100 }], slots, 1_000);
  expect(Object.values(shares.since([], slots, 2_000))).toEqual([0, 0, 0, 0]);
});
