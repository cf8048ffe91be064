import { expect, test } from "vitest";
import { countsByNameSchema, countUnder, noCounts } from "./counts-by-name.js";

test.each([
  ["a new record", noCounts],
  ["one out of JSON", () => JSON.parse("{}") as Record<string, number>],
])("names that objects have or obey are counted as any other: %s", (_what, make) => {
  const counts = make();
  const names = ["constructor", "__proto__", "toString", "hasOwnProperty", "", "IMAGE_CORRUPT"];
  for (const name of [...names, ...names]) countUnder(counts, name);
  const written = JSON.parse(JSON.stringify(countsByNameSchema.parse(counts))) as Record<string, number>;
  expect(Object.entries(countsByNameSchema.parse(written))).toEqual(names.map((name) => [name, 2]));
});

test.each([null, [], "x", { a: -1 }, { a: 1.5 }, { a: "1" }, { a: null }])("refuses %j", (value) => {
  expect(countsByNameSchema.safeParse(value).success).toBe(false);
});
