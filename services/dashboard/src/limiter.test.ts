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

test("clients take turns: one with much to do does not keep another waiting", async () => {
  const limiter = new Limiter({ atOnce: 1, maxWaiting: 1_000 });
  const done: string[] = [];
  const run = (client: string) => limiter.run(async () => void done.push(client), undefined, client);
  await Promise.all([
    ...Array.from({ length: 50 }, () => run("a")),
    run("b"),
    ...Array.from({ length: 3 }, () => run("c")),
  ]);
  expect(done.slice(0, 8)).toEqual(["a", "a", "b", "c", "a", "c", "a", "c"]);
  expect(done).toHaveLength(54);
});

test("when it is full, the newest of who waits for most gives way to who waits for less", async () => {
  const limiter = new Limiter({ atOnce: 1, maxWaiting: 4 });
  let begin = () => {};
  const first = limiter.run(() => new Promise<void>((resolve) => (begin = resolve)), undefined, "a");
  const many = Array.from({ length: 4 }, (_, i) => limiter.run(async () => `a${i}`, undefined, "a"));
  const other = limiter.run(async () => "b", undefined, "b");
  const results = Promise.allSettled([...many, other]);
  await expect(limiter.run(async () => "a5", undefined, "a")).rejects.toBeInstanceOf(Overloaded);
  begin();
  await first;
  expect((await results).map(({ status }) => status)).toEqual([
    ...["fulfilled", "fulfilled", "fulfilled", "rejected", "fulfilled"],
  ]);
});

test("nobody waits longer than the bound, and the others keep their places", async () => {
  const limiter = new Limiter({ atOnce: 1, maxWaiting: 10, maxWaitMs: 30 });
  let begin = () => {};
  const first = limiter.run(() => new Promise<void>((resolve) => (begin = resolve)));
  await expect(limiter.run(async () => "late")).rejects.toBeInstanceOf(Overloaded);
  const next = limiter.run(async () => "next");
  begin();
  await first;
  expect(await next).toBe("next");
  expect(await limiter.run(async () => "free")).toBe("free");
});
