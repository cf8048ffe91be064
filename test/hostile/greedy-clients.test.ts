import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDashboard } from "@labelfleet/dashboard/server";
import { createLogger } from "@labelfleet/shared/logger";
import { connectRedis } from "@labelfleet/shared/redis/connection";
import { registerRun } from "@labelfleet/shared/redis/registry";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeUpRun } from "../support/made-up-run.js";
import { makePhotos } from "../support/photos.js";
import { startRedis } from "../support/redis-server.js";

const releasers: (() => unknown)[] = [];
const token = "a token of some length";
const modelId = "a";
const images = 300;
let url: URL;
let api: string;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "lf-greedy-"));
  releasers.push(() => rm(dir, { recursive: true, force: true }));
  const server = await startRedis();
  releasers.push(() => server.stop());
  const redis = await connectRedis(server.url);
  releasers.push(() => redis.disconnect());
  const input = join(dir, "in");
  await mkdir(input);
  const [photo] = await makePhotos({ count: 1, widthPx: 64, heightPx: 48, seed: 1 });
  for (let i = 0; i < images; i++) await writeFile(join(input, `${i}.jpg`), photo!.bytes);
  const etags = await etagsOf(input);
  const sizeBytes = photo!.bytes.length;
  const record = (i: number) => ({
    ...{
      key: `${i}.jpg`,
      etag: etags[i]!,
      sizeBytes,
      width: 64,
      height: 48,
      modelId,
      status: "ok" as const,
    },
    ...{ top: [{ index: 0, label: "alp", probability: 0.5 }], embedding: null, errorCode: null, errorMessage: null },
    ...{ retryable: null, workerId: "w", pass: 0 },
  });
  const run = await makeUpRun({ out: dir, input, modelIds: [modelId], images, batchImages: images, record });
  const folder = await RunFolder.open(run);
  const { runId } = await folder.readSpec();
  await folder.close();
  await registerRun(redis, { runId, lane: "default", run, modelIds: [modelId], createdMs: Date.now() });
  const logger = createLogger({ name: "test", level: "silent" });
  const dashboard = await startDashboard({ port: 0, redisUrl: server.url, command: [], logger, token });
  releasers.push(() => dashboard.close());
  url = new URL(dashboard.url);
  api = `${dashboard.url}/api/runs/${runId}`;
});
afterAll(async () => {
  for (const release of releasers.reverse()) await release();
});

async function etagsOf(input: string): Promise<string[]> {
  const names = Array.from({ length: images }, (_, i) => join(input, `${i}.jpg`));
  return Promise.all(
    names.map(async (name) => {
      const { size, mtimeNs } = await stat(name, { bigint: true });
      return `${size}-${mtimeNs}`;
    }),
  );
}

/** How long a connection lasts on which `head` is sent, and then a byte a second. */
function lasting(head: string): Promise<number> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect(Number(url.port), url.hostname, () => socket.write(head));
    const timer = setInterval(() => socket.write("x"), 1_000);
    socket.on("error", () => {});
    socket.resume();
    socket.on("close", () => {
      clearInterval(timer);
      resolve(performance.now() - startedMs);
    });
  });
}

test("who is not known has seconds for headers and body, and no place for a large one", async () => {
  const host = `Host: ${url.host}\r\n`;
  const form = "Content-Type: application/x-www-form-urlencoded\r\n";
  const seconds = await Promise.all(
    [
      `POST /login HTTP/1.1\r\n${host}${form}Content-Length: 4000\r\n\r\ntoken=`,
      `POST /login HTTP/1.1\r\n${host}${form}Transfer-Encoding: chunked\r\n\r\n5\r\ntoken`,
      `POST /api/runs/x/pause HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n`,
      `GET /login HTTP/1.1\r\n${host}X-Slow: `,
      "",
    ].map(lasting),
  );
  for (const ms of seconds) expect(ms).toBeLessThan(30_000);
  const large = await fetch(new URL("/login", url), {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `token=${"x".repeat(100_000)}`,
  }).catch(() => null);
  expect([413, undefined]).toContain(large?.status);
}, 60_000);

test("a page of thumbnails asked for by twenty at once is served to all", async () => {
  const headers = { authorization: `Bearer ${token}` };
  await expect
    .poll(
      async () => {
        const response = await fetch(`${api}/labels?limit=1`, { headers });
        return ((await response.json()) as { index: { isComplete: boolean } }).index.isComplete;
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  const statuses = new Map<number, number>();
  const ask = async (i: number) => {
    const response = await fetch(`${api}/thumbnails/${modelId}/r000-000000-0000/${i % images}`, { headers });
    await response.arrayBuffer();
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
  };
  const pages = Array.from({ length: 20 }, async () => {
    const answer = await fetch(`${api}/labels?limit=60`, { headers });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    await answer.arrayBuffer();
  });
  await Promise.all([...pages, ...Array.from({ length: 1_200 }, (_, i) => ask(i))]);
  expect([...statuses]).toEqual([[200, 1_220]]);
}, 80_000);
