import { expect, test } from "vitest";
import { Limiter, Overloaded } from "./limiter.js";

test("no more than so many work at once, and each gets its turn", async () => {
  const limiter = new Limiter({ atOnce: 2, maxWaiting: 10 });
  let [now, most] = [0, 0];
  const work = async (n: number) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 1));
    now--;
    return n;
  };
  const results = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => limiter.run(() => work(n))));
  expect(results).toEqual([1, 2, 3, 4, 5, 6]);
  expect(most).toBe(2);
});

test("a queue that is full refuses, and an error or a lost interest frees the place", async () => {
  const limiter = new Limiter({ atOnce: 1, maxWaiting: 2 });
  let fail: (error: Error) => void = () => {};
  const first = limiter.run(() => new Promise<never>((_, reject) => (fail = reject)));
  const gone = new AbortController();
  const second = limiter.run(async () => "second", gone.signal);
  const third = limiter.run(async () => "third");
  await expect(limiter.run(async () => "fourth")).rejects.toBeInstanceOf(Overloaded);
  gone.abort(new Error("left"));
  fail(new Error("broken"));
  await expect(first).rejects.toThrow("broken");
  await expect(second).rejects.toThrow("left");
  expect(await third).toBe("third");
});
