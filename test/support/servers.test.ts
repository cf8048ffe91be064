import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startLocalServers } from "./fixtures.js";
import { findLeaks, leftoverRedisKeys, takeSnapshot } from "./leaks.js";
import { startRedis } from "./redis-server.js";
import { startS3Server } from "./s3-server.js";

let scratch: string;
const realTmp = process.env.TMPDIR;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "lf-servers-"));
  process.env.TMPDIR = scratch;
});
afterEach(async () => {
  if (realTmp === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = realTmp;
  await rm(scratch, { recursive: true });
});

it("starts a Redis and an S3 server, and leaves nothing behind", async () => {
  const before = await takeSnapshot(scratch);
  const servers = await startLocalServers();
  expect(await servers.redis.command("SET", "a b", "1")).toBe("+OK\r\n");
  await servers.redis.command("SET", "c", "2");
  expect((await leftoverRedisKeys(servers.redis)).sort()).toEqual(["a b", "c"]);
  await servers.redis.flushAll();
  expect(await leftoverRedisKeys(servers.redis)).toEqual([]);
  expect((await fetch(servers.s3.endpoint)).status).toBe(403);
  const leaks = (await findLeaks(before, 0)).join("\n");
  expect(leaks).toMatch(/child process \d+: redis-server/);
  expect(leaks).toMatch(/temporary folder lf-redis-/);
  expect(leaks).toMatch(/open TCPServerWrap/);
  await servers.stop();
  await servers.stop();
  expect((await findLeaks(before)).filter((leak) => !leak.includes("TCPSocketWrap"))).toEqual([]);
});

it("serves buckets by path under whatever name a client calls it, also one with dots", async () => {
  const s3 = await startS3Server({ buckets: ["photos"] });
  try {
    await s3.putObject("photos", "a.jpg", Buffer.from("bytes"));
    const authorization = `AWS4-HMAC-SHA256 Credential=${s3.env.AWS_ACCESS_KEY_ID}/20260101/us-east-1/s3/aws4_request`;
    for (const host of ["host.docker.internal", "s3"]) {
      const asked = request(`${s3.endpoint}/photos/a.jpg`, { headers: { host, authorization } }).end();
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      expect({ host, status: answer.statusCode, body: await text(answer) }).toEqual({
        host,
        status: 200,
        body: "bytes",
      });
    }
  } finally {
    await s3.close();
  }
});

it("kills a Redis like a power cut, and still cleans up", async () => {
  const before = await takeSnapshot(scratch);
  const redis = await startRedis();
  await redis.kill();
  await expect(redis.command("PING")).rejects.toThrow();
  const again = await startRedis({ port: redis.port });
  expect(again.url).toBe(redis.url);
  await again.stop();
  await redis.stop();
  expect(await findLeaks(before)).toEqual([]);
});

it("finds leaked handles and children", async () => {
  const before = await takeSnapshot(scratch);
  const server = createServer().listen(0);
  const child = spawn("sleep", ["60"]);
  expect((await findLeaks(before, 0)).join("\n")).toMatch(/child process \d+: sleep 60[\s\S]*1 open TCPServerWrap/);
  server.close();
  child.kill();
  expect(await findLeaks(before)).toEqual([]);
});

const main = join(import.meta.dirname, "../dist/support/s3-server-main.js");
it.runIf(existsSync(main)).each(["SIGTERM", "end of stdin"])(
  "runs the S3 server as a process that ends on %s",
  async (how) => {
    const child = spawn(process.execPath, [main, "photos"], { stdio: ["pipe", "pipe", "inherit"] });
    const line = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
    const { endpoint, env } = JSON.parse(line);
    expect(env.AWS_ENDPOINT_URL_S3).toBe(endpoint);
    const exit = new Promise((resolve) => child.once("exit", resolve));
    if (how === "SIGTERM") child.kill("SIGTERM");
    else child.stdin.end();
    expect(await exit).toBe(0);
  },
);
