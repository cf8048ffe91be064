import { describe, expect, it } from "vitest";
import { entriesOf } from "../test-support/made-up-run.js";
import { sampleEntries } from "./sample.js";

async function* streamOf<T>(items: T[]): AsyncGenerator<T> {
  yield* items;
}

const keys = Array.from({ length: 500 }, (_, i) => `k${String(i).padStart(4, "0")}`);

async function drawn(from: string[], size: number, seed: number): Promise<string[]> {
  return (await sampleEntries(streamOf(entriesOf(from)), size, seed)).map(({ key }) => key);
}

describe("sampleEntries", () => {
  it("draws the same, in key order, whatever the order of arrival", async () => {
    const sample = await drawn(keys, 50, 1);
    expect(sample).toHaveLength(50);
    expect(sample).toEqual([...sample].sort());
    expect(await drawn(keys.toReversed(), 50, 1)).toEqual(sample);
  });

  it("draws another sample with another seed", async () => {
    expect(await drawn(keys, 50, 2)).not.toEqual(await drawn(keys, 50, 1));
  });

  it("keeps most of the sample when keys are added", async () => {
    const [before, after] = [await drawn(keys.slice(0, 450), 50, 3), await drawn(keys, 50, 3)];
    expect(before.filter((key) => after.includes(key)).length).toBeGreaterThan(35);
  });

  it("gives everything when there is less than asked for", async () => {
    expect(await drawn(keys.slice(0, 3), 50, 1)).toEqual(keys.slice(0, 3));
  });

  it("draws evenly from the whole listing", async () => {
    const sample = await drawn(keys, 200, 4);
    const fromFirstHalf = sample.filter((key) => key < "k0250").length;
    expect(fromFirstHalf).toBeGreaterThan(70);
    expect(fromFirstHalf).toBeLessThan(130);
  });
});
