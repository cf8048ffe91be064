import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failures, ImageDetail, LabelPage } from "@labelfleet/dashboard/api/labels";
import { LossLook } from "@labelfleet/dashboard/run/loss-look";
import { startDashboard } from "@labelfleet/dashboard/server";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { runNames } from "@labelfleet/shared/contract/run-names";
import { runReportSchema } from "@labelfleet/shared/contract/run-report";
import { createLogger } from "@labelfleet/shared/logger";
import { openQueue } from "@labelfleet/shared/queue/batch-queue";
import { connectRedis, type Redis } from "@labelfleet/shared/redis/connection";
import { registerRun } from "@labelfleet/shared/redis/registry";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { encodeShard } from "@labelfleet/shared/run/shard-codec";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeUpRun } from "../support/made-up-run.js";
import { startRedis } from "../support/redis-server.js";

const releasers: (() => unknown)[] = [];
const modelId = "a";
const images = 30;
let folder: RunFolder;
let api: string;
let url: string;
let redis: Redis;
let redisUrl: string;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), "lf-dashboard-"));
  releasers.push(() => rm(dir, { recursive: true, force: true }));
  const server = await startRedis();
  releasers.push(() => server.stop());
  redisUrl = server.url;
  redis = await connectRedis(redisUrl);
  releasers.push(() => redis.disconnect());
  const run = await makeUpRun({ out: dir, input: dir, modelIds: [modelId], images, batchImages: 10, record });
  folder = await RunFolder.open(run);
  releasers.push(() => folder.close());
  const { runId } = await folder.readSpec();
  await registerRun(redis, { runId, lane: "default", run, modelIds: [modelId], createdMs: Date.now() });
  const logger = createLogger({ name: "test", level: "silent" });
  const dashboard = await startDashboard({ port: 0, redisUrl: server.url, command: [], logger });
  releasers.push(() => dashboard.close());
  url = dashboard.url;
  api = `${url}/api/runs/${runId}`;
});
afterAll(async () => {
  for (const release of releasers.reverse()) await release();
});

function record(i: number): Prediction {
  const isFailed = i % 10 === 9;
  return {
    key: `photo-${i}.jpg`,
    etag: "1-1",
    sizeBytes: 1,
    width: 1,
    height: 1,
    modelId,
    status: isFailed ? "failed" : "ok",
    top: isFailed ? null : [{ index: 0, label: "alp", probability: 0.5 }],
    embedding: null,
    errorCode: isFailed ? "STORE_TIMEOUT" : null,
    errorMessage: isFailed ? "made up" : null,
    retryable: isFailed ? true : null,
    workerId: "w",
    pass: 0,
  };
}

async function get<T>(path: string): Promise<T> {
  const response = await fetch(api + path);
  expect([path, response.status]).toEqual([path, 200]);
  return (await response.json()) as T;
}

/** What `retry` does to a shard: its failed record is one that succeeded. */
async function rewriteShard(n: number): Promise<void> {
  const records = Array.from({ length: 10 }, (_, i) => ({ ...record(0), key: record(10 * n + i).key, pass: 1 }));
  const name = runNames.shard(modelId, `r000-000000-000${n}`, "jsonl");
  await folder.store.put(folder.keyOf(name), await encodeShard(records, "jsonl"));
}

test("shards that were rewritten since they were indexed are answered as they are now", async () => {
  const failed = "/labels?status=failed&limit=60";
  await expect.poll(async () => (await get<LabelPage>(failed)).index.isComplete).toBe(true);
  expect((await get<LabelPage>(failed)).total).toBe(3);

  await rewriteShard(0);
  expect((await get<Failures>("/failures")).codes).toMatchObject([{ code: "STORE_TIMEOUT", count: 2 }]);
  await rewriteShard(1);
  expect((await get<LabelPage>(failed)).total).toBe(1);
  await rewriteShard(2);
  expect((await get<ImageDetail>(`/records/${modelId}/r000-000000-0002/9`)).record).toMatchObject({
    status: "ok",
    pass: 1,
  });
});

test("an export has what lies in the folder when it is asked for", async () => {
  await get("/labels?limit=1");
  await rewriteShard(0);
  const name = runNames.shard(modelId, "r000-000000-0001", "jsonl");
  const records = Array.from({ length: 10 }, (_, i) => ({ ...record(10 + i), pass: 2 }));
  await folder.store.put(folder.keyOf(name), await encodeShard(records, "jsonl"));
  const response = await fetch(`${api}/export?format=jsonl`);
  const lines = (await response.text()).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line) as Prediction).slice(10, 20)).toEqual(records);
  expect(lines).toHaveLength(images);
});

test("an export of a run that there is not is not found, whatever its name", async () => {
  const response = await fetch(api.replace(/[^/]+$/, "%0A/export?format=csv"));
  expect([response.status, response.headers.get("content-disposition")]).toEqual([404, null]);
});

test("what a finished run lost is told on its page, and its export is named incomplete", async () => {
  const nameOf = async () => (await fetch(`${api}/export?format=jsonl`)).headers.get("content-disposition");
  expect(await nameOf()).toMatch(/^attachment; filename="\d{8}t\d{6}z-[0-9a-z]{6}-labels\.jsonl"$/);
  const report = (await folder.readJson(runNames.report, runReportSchema))!.value;
  const loss = async () => new LossLook(folder, await folder.readSpec()).of(report, 0);
  expect(await loss()).toBeNull();
  await folder.store.delete(folder.keyOf(runNames.shard(modelId, "r000-000000-0002", "jsonl")));
  expect(await nameOf()).toMatch(/-incomplete-labels\.jsonl"$/);
  const { index } = await get<LabelPage>("/labels?limit=1");
  expect(index).toMatchObject({ isComplete: false, problem: expect.stringContaining(`${images - 10} of ${images}`) });
  expect(await loss()).toBe("2 of 3 shards are there");
});

/** Adds a job as Bull Board's page does it. */
function addJob(to: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${to}/queues/api/queues/default%2Fbatches/add`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ name: "batch", data: { run: "file:///" }, options: {} }),
  });
}

test("the Queues page shows queues, and adds no job", async () => {
  await fetch(`${url}/queues/`);
  const listed = (await (await fetch(`${url}/queues/api/queues`)).json()) as { queues: { readOnlyMode: boolean }[] };
  expect(listed.queues.map(({ readOnlyMode }) => readOnlyMode)).toEqual([true]);
  const refused = await addJob(url);
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining("--queue-actions")]);
  expect((await fetch(`${url}/queues/`)).headers.get("set-cookie")).toBeNull();
});

test("with queue actions it does, for those who have the secret of the page", async () => {
  const logger = createLogger({ name: "test", level: "silent" });
  const acting = await startDashboard({ port: 0, redisUrl, command: [], queueActions: true, logger });
  const queue = openQueue(redisUrl, "default");
  try {
    expect((await addJob(acting.url)).status).toBe(403);
    const cookie = (await fetch(`${acting.url}/queues/`)).headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^XSRF-TOKEN=[\w-]+; Path=\/queues; SameSite=Strict$/);
    const [, secret = ""] = /^XSRF-TOKEN=([^;]+)/.exec(cookie) ?? [];
    expect((await addJob(acting.url, { "x-xsrf-token": secret })).status).toBeLessThan(300);
    expect(await queue.getJobCountByTypes("wait", "prioritized")).toBe(1);
  } finally {
    await queue.obliterate({ force: true });
    await queue.close();
    await acting.close();
  }
});

test("entries of Redis that cannot be read, and jobs of any sort, hide nothing of the overview", async () => {
  await redis.hset("lf:workers", "x", "not json");
  await redis.zadd("lf:runs", Date.now(), "not json");
  await redis.lpush("{lf-default}:batches:wait", "torn");
  await redis.hset("{lf-default}:batches:torn", { data: "{", timestamp: "1" });
  try {
    const overview = async (): Promise<[number, { runs: unknown[] }]> => {
      const answer = await fetch(`${url}/api/runs`);
      return [answer.status, (await answer.json()) as { runs: unknown[] }];
    };
    await expect
      .poll(overview, { timeout: 5_000 })
      .toEqual([200, expect.objectContaining({ lanes: [expect.objectContaining({ waiting: 1 })] })]);
    expect((await overview())[1].runs).toHaveLength(1);
  } finally {
    await redis.del("lf:workers", "{lf-default}:batches:wait", "{lf-default}:batches:torn");
  }
});

test("a key of Redis that holds something else is named, with what to do", async () => {
  await redis.set("lf:workers", "text");
  try {
    const overview = () => fetch(`${url}/api/runs`).then(async (answer) => [answer.status, await answer.text()]);
    await expect
      .poll(overview, { timeout: 5_000 })
      .toEqual([503, expect.stringMatching(/WRONGTYPE.*delete that key.*REDIS_UNSUITABLE/)]);
  } finally {
    await redis.del("lf:workers");
  }
});
