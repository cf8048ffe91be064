import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ReadAhead } from "./read-ahead.js";

describe("ReadAhead", () => {
  it("holds no more than its bound, and gives everything in order", async () => {
    let pulled = 0;
    async function* numbers() {
      for (let i = 0; i < 10; i++) {
        pulled++;
        yield i;
      }
    }
    const ahead = new ReadAhead(numbers(), 3);
    await sleep(1);
    expect(pulled).toBe(3);
    const taken: number[] = [];
    while (!ahead.isDrained) {
      taken.push(...ahead.take(2));
      await sleep(1);
    }
    expect(taken).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("tells when there is a first item, and when there will be none", async () => {
    const late = new ReadAhead(
      (async function* () {
        await sleep(20);
        yield 1;
        await new Promise(() => {});
      })(),
      3,
    );
    const before = late.take(1);
    await late.begun;
    expect([before, late.take(1)]).toEqual([[], [1]]);
    const empty = new ReadAhead((async function* () {})(), 3);
    await empty.begun;
    expect(empty.isDrained).toBe(true);
  });

  it("does not wait for a stream that has nothing yet", async () => {
    const never = (async function* () {
      yield 1;
      await new Promise(() => {});
    })();
    const ahead = new ReadAhead(never, 3);
    await sleep(1);
    expect([ahead.take(5), ahead.take(5), ahead.isDrained]).toEqual([[1], [], false]);
  });

  it("throws the stream's error after what came before it, and only when something is wanted", async () => {
    const failing = (async function* () {
      yield 1;
      throw new Error("listing failed");
    })();
    const ahead = new ReadAhead(failing, 3);
    await sleep(1);
    expect(ahead.take(5)).toEqual([1]);
    expect(ahead.take(0)).toEqual([]);
    expect(() => ahead.take(1)).toThrow("listing failed");
  });
});
