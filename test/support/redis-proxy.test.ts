import { afterEach, beforeEach, expect, it } from "vitest";
import { isAcknowledgement, isCount, RedisProxy } from "./redis-proxy.js";
import { type RedisServer, sendRedisCommand, startRedis } from "./redis-server.js";
import { CommandParser } from "./resp.js";

let redis: RedisServer;
let proxy: RedisProxy;
beforeEach(async () => {
  redis = await startRedis();
  proxy = await RedisProxy.start(redis.port);
});
afterEach(async () => {
  await proxy.close();
  await redis.stop();
});

function send(...words: string[]): Promise<string> {
  return sendRedisCommand("127.0.0.1", Number(new URL(proxy.url).port), words);
}

it("passes commands and answers on", async () => {
  expect(await send("SET", "a b", "c\r\nd")).toBe("+OK\r\n");
  expect(await send("GET", "a b")).toBe("$4\r\nc\r\nd\r\n");
});

it("cuts a connection before Redis sees the command", async () => {
  proxy.intercept = ([name]) => (name === "SET" ? "cut" : undefined);
  await expect(send("SET", "a", "1")).rejects.toThrow(/ECONNRESET/);
  expect(await redis.command("GET", "a")).toBe("$-1\r\n");
});

it("loses an answer after Redis has executed the command", async () => {
  proxy.intercept = ([name]) => (name === "SET" ? "lose-answer" : undefined);
  await expect(send("SET", "a", "1")).rejects.toThrow(/ECONNRESET/);
  expect(await redis.command("GET", "a")).toBe("$1\r\n1\r\n");
});

it("holds a command until it is let go", async () => {
  let letGo = () => {};
  const held = new Promise<undefined>((resolve) => {
    letGo = () => resolve(undefined);
  });
  proxy.intercept = () => held;
  const answer = send("SET", "a", "1");
  expect(await redis.command("GET", "a")).toBe("$-1\r\n");
  letGo();
  expect(await answer).toBe("+OK\r\n");
});

it("is a network that is down until it is restored", async () => {
  proxy.down();
  await expect(send("PING")).rejects.toThrow(/ECONNRESET/);
  proxy.restore();
  expect(await send("PING")).toBe("+PONG\r\n");
});

it("cuts a stream into commands wherever its pieces end", () => {
  const stream = Buffer.from("*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n*1\r\n$4\r\nPING\r\n");
  const parser = new CommandParser();
  const commands = [...stream].flatMap((byte) => parser.push(Buffer.from([byte])));
  expect(commands.map(({ words }) => words)).toEqual([["GET", "a\r\nb"], ["PING"]]);
  expect(Buffer.concat(commands.map(({ raw }) => raw)).equals(stream)).toBe(true);
});

it("knows counts and acknowledgements from other scripts", () => {
  expect(isCount(["EVAL", "script", "1", "{lf-default}:run:x", "b:r000-000000-0000:m", "t:m", "1", "0"])).toBe(true);
  expect(isCount(["HMGET", "{lf-default}:run:x", "b:r000-000000-0000:m"])).toBe(false);
  const keys = Array.from({ length: 14 }, (_, i) => `{lf-default}:batches:${i === 10 ? "completed" : i}`);
  expect(isAcknowledgement(["EVALSHA", "sha", "14", ...keys])).toBe(true);
  expect(isAcknowledgement(["EVALSHA", "sha", "14", ...keys.toReversed()])).toBe(false);
});
