import { expect, test, vi } from "vitest";
import { clientOptionsOf, redisOptionsOf } from "./address.js";

function reply(message: string, previousErrors?: Error[]): Error {
  return Object.assign(new Error(message), { name: "ReplyError", ...(previousErrors && { previousErrors }) });
}

const demoted = "READONLY You can't write against a read only replica.";

test.each([
  reply(demoted),
  reply("ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -READONLY You can't write"),
  reply("EXECABORT Transaction discarded because of previous errors.", [reply(demoted)]),
  reply("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
  reply("UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"),
])("a server that answers %s is left", (error) => {
  const options = clientOptionsOf("redis://redis.example");
  expect(options.reconnectOnError(error)).toBe(true);
});

test.each([
  reply("OOM command not allowed when used memory > 'maxmemory'."),
  reply("NOSCRIPT No matching script."),
  new Error(demoted),
])("a server that answers %s is not", (error) => {
  expect(clientOptionsOf("redis://redis.example").reconnectOnError(error)).toBe(false);
});

test("each connection leaves every two seconds at most, however many answers refuse", () => {
  vi.useFakeTimers();
  try {
    const options = clientOptionsOf("redis://redis.example");
    const connections = [{ ...options }, { ...options }];
    const left = () => connections.map((connection) => connection.reconnectOnError(reply(demoted)));
    expect([left(), left()]).toEqual([
      [true, true],
      [false, false],
    ]);
    vi.advanceTimersByTime(2_000);
    expect(left()).toEqual([true, true]);
  } finally {
    vi.useRealTimers();
  }
});

test.each(["redis://host/-1", "redis://host/1.5", "redis://host/x"])("%s names no database", (url) => {
  expect(() => redisOptionsOf(url)).toThrow(/not a db number/);
});
