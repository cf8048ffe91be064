import { expect, test } from "vitest";
import { Tally } from "./tally.js";

test("a code that a shard has is counted under its name, whatever it is", () => {
  const codes = ["constructor", "__proto__", "constructor", "toString"];
  const entries = codes.map((_, i) => ({ key: `${i}`, etag: "e", sizeBytes: 1 }));
  const facts = codes.map((errorCode, i) => ({ key: `${i}`, status: "failed" as const, errorCode }));
  const tally = new Tally(["m"]);
  tally.addBatch(entries, [facts as unknown as Parameters<Tally["addBatch"]>[1][number]]);
  const counts = [
    ["constructor", 2],
    ["__proto__", 1],
    ["toString", 1],
  ];
  expect(Object.entries(tally.images.failedByCode)).toEqual(counts);
  expect(Object.entries(tally.models[0]!.failedByCode)).toEqual(counts);
});
