import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { eachOf } from "./each-of.js";

describe("eachOf", () => {
  it("runs no more than allowed at a time, and all of it", async () => {
    let [running, most, done] = [0, 0, 0];
    await eachOf(Array(10).keys(), 3, async () => {
      most = Math.max(most, ++running);
      await sleep(1);
      running--;
      done++;
    });
    expect([most, done]).toEqual([3, 10]);
  });

  it("rejects with the first error after the running ones ended", async () => {
    const ended: number[] = [];
    const work = async (i: number) => {
      await sleep(5 - i);
      if (i === 1) throw new Error("one");
      ended.push(i);
    };
    await expect(eachOf([0, 1, 2, 3, 4], 2, work)).rejects.toThrow("one");
    expect(ended).toContain(0);
    expect(ended).not.toContain(4);
  });
});
