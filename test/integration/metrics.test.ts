import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { startDashboard } from "@labelfleet/dashboard/server";
import { runWorker } from "@labelfleet/gpu-worker/worker";
import { serveProducerMetrics } from "@labelfleet/producer/producer-metrics";
import { readConfig } from "@labelfleet/shared/config";
import { createLogger } from "@labelfleet/shared/logger";
import { Releasers } from "@labelfleet/shared/releasers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkoutDir } from "../containers/checkout.js";
import { findLeaks, type LeakSnapshot, takeSnapshot } from "../support/leaks.js";
import { makePhotos } from "../support/photos.js";
import { type OwnTemporaryDir, ownTemporaryDir } from "../support/temporary-dir.js";
import { ProducerRig } from "./producer-rig.js";

interface Exposed {
  /** Of each metric, as its TYPE line says. */
  types: Map<string, string>;
  /** Of each sample, without its labels. */
  samples: Map<string, string[]>;
}

const photoCount = 8;
const token = "a token of sixteen characters";
const logger = createLogger({ name: "test", level: "silent" });
const releasers = new Releasers();
let temporary: OwnTemporaryDir;
let before: LeakSnapshot;
let rig: ProducerRig;
let urls: { worker: string; producer: string; dashboard: string };
let exposed: { worker: Exposed; producer: Exposed; dashboard: Exposed };

beforeAll(async () => {
  temporary = await ownTemporaryDir("metrics");
  before = await takeSnapshot(temporary.dir);
  rig = await ProducerRig.start();
  releasers.push("rig", () => rig.stop());
  const input = join(rig.dir, "photos");
  await mkdir(input);
  for (const { name, bytes } of await makePhotos({ count: photoCount, widthPx: 64, heightPx: 48, seed: 3 })) {
    await writeFile(join(input, name), bytes);
  }
  await writeFile(join(input, "not-an-image.jpg"), "text");
  const run = await rig.prepare(input, { batchImages: 4, maxFailed: { kind: "share", share: 1 } });

  const worker = `http://127.0.0.1:${await freePort()}`;
  await startWorker(Number(new URL(worker).port));
  const { redis } = rig;
  const redisUrl = rig.server.url;
  const address = { host: "127.0.0.1", port: 0 };
  const producer = await serveProducerMetrics(address, { redis, redisUrl, runId: run.spec.runId, lane: "default" });
  releasers.push("producer", () => producer.close());
  const dashboard = await startDashboard({ port: 0, redisUrl, token, command: [], logger });
  releasers.push("dashboard", () => dashboard.close());
  urls = { worker, producer: producer.url, dashboard: dashboard.url };

  expect((await fetch(`${urls.producer}/readyz`)).status).toBe(503);
  const produced = await rig.produce(run, { onProgress: (progress) => producer.show(progress) });
  expect(produced.report).toMatchObject({ ok: photoCount, failed: 1 });
  exposed = {
    worker: await scrape(urls.worker),
    producer: await scrape(urls.producer),
    dashboard: await scrape(urls.dashboard),
  };
});

afterAll(async () => {
  await releasers.releaseAll();
  const leaks = await findLeaks(before);
  await temporary.release();
  expect(leaks).toEqual([]);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function workerOptions(port: number) {
  return {
    ...readConfig({}),
    redisUrl: rig.server.url,
    lanes: ["default"],
    device: "cpu" as const,
    simulated: readConfig({ LABELFLEET_SIMULATED_DEVICE: "launchMs=1,imageMs=1" }).simulatedDevice,
    cores: 1,
    cacheDir: join(rig.dir, "cache"),
    graceMs: 5_000,
    metricsAddress: { host: "127.0.0.1", port },
    logger,
  };
}

async function startWorker(port: number): Promise<void> {
  const stop = new AbortController();
  await new Promise<void>((resolve, reject) => {
    const running = runWorker({ ...workerOptions(port), onReady: () => resolve() }, stop.signal);
    running.catch(reject);
    releasers.push("worker", async () => {
      stop.abort();
      await running;
    });
  });
}

async function scrape(url: string): Promise<Exposed> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  expect(response.headers.get("content-type")).toContain("version=0.0.4");
  const text = await response.text();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]));
  const samples = new Map<string, string[]>();
  for (const [, name, rest] of text.matchAll(/^([a-z_]+)(.*)$/gm))
    samples.set(name!, [...(samples.get(name!) ?? []), rest!]);
  return { types, samples };
}

it("says what a worker did, in its own numbers", () => {
  const { samples } = exposed.worker;
  expect(samples.get("labelfleet_images_total")).toEqual([
    `{model="efficientnet-lite0",status="ok"} ${photoCount}`,
    '{model="efficientnet-lite0",status="failed"} 1',
  ]);
  expect(samples.get("labelfleet_image_failures_total")).toEqual(['{code="IMAGE_UNSUPPORTED"} 1']);
  expect(samples.get("labelfleet_batch_size_sum")).toEqual([` ${photoCount}`]);
  expect(samples.get("labelfleet_queue_wait_seconds_count")).toEqual([" 3"]);
  expect(samples.get("labelfleet_inflight_images")).toEqual([" 0"]);
  expect(samples.get("labelfleet_stage_seconds_count")).toContain(`{stage="infer"} ${photoCount}`);
});

it("says how far a producer is", () => {
  const { samples } = exposed.producer;
  expect(samples.get("labelfleet_listed_images")).toEqual([` ${photoCount + 1}`]);
  expect(samples.get("labelfleet_backlog_images")).toEqual([" 0"]);
  expect(samples.get("labelfleet_done_images")).toEqual([`{status="ok"} ${photoCount}`, '{status="failed"} 1']);
  expect(samples.get("labelfleet_ready")).toEqual([" 1"]);
});

it("says on the dashboard where runs and lanes stand, to those with the token", async () => {
  const { samples } = exposed.dashboard;
  expect(samples.get("labelfleet_run_state")?.[0]).toMatch(/lane="default",state="done"\} 1$/);
  expect(samples.get("labelfleet_lane_workers")).toEqual(['{lane="default"} 1']);
  expect((await fetch(`${urls.dashboard}/metrics`)).status).toBe(401);
});

it("tells probes that all three live and are ready", async () => {
  for (const url of Object.values(urls)) {
    for (const path of ["/healthz", "/readyz"])
      expect([url, path, (await fetch(url + path)).status]).toEqual([url, path, 200]);
  }
  expect((await fetch(`${urls.worker}/other`)).status).toBe(404);
  expect((await fetch(`${urls.worker}/metrics`, { method: "POST" })).status).toBe(405);
});

it("refuses to start a worker whose metrics port is taken", async () => {
  const port = Number(new URL(urls.worker).port);
  await expect(runWorker(workerOptions(port), new AbortController().signal)).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining(`127.0.0.1:${port} (EADDRINUSE): choose --metrics-port`),
  });
});

/** The sections of docs/metrics.md and who serves their metrics. */
const sections = { Workers: "worker", Producers: "producer", "The dashboard": "dashboard" } as const;

it("serves exactly the metrics that docs/metrics.md lists", async () => {
  const page = await readFile(join(checkoutDir, "docs/metrics.md"), "utf8");
  const rowsOf = (heading: string) => {
    const section = page.split(/^(?=## )/m).find((part) => part.startsWith(`## ${heading}\n`)) ?? "";
    const rows = [...section.matchAll(/^\| `(labelfleet_\w+)` \| (\w+) \| ([^|]*) \|/gm)];
    return rows.map(([, name, type, labels]) => ({
      name: name!,
      type: type!,
      labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!).sort(),
    }));
  };
  for (const [heading, role] of Object.entries(sections)) {
    const { types, samples } = exposed[role];
    const documented = [...rowsOf("Every process"), ...rowsOf(heading)];
    expect([...types]).toEqual(documented.map(({ name, type }) => [name, type]));
    for (const { name, labels } of documented) {
      const seen = [name, `${name}_count`].flatMap((sample) => samples.get(sample) ?? []);
      for (const sample of seen) {
        const names = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label!).sort();
        expect([name, names]).toEqual([name, labels]);
      }
    }
  }
});

it.each(["labelfleet-dashboard.json", "alerts.yml"])(
  "serves every metric that infra/grafana/%s asks for",
  async (file) => {
    const text = await readFile(join(checkoutDir, "infra/grafana", file), "utf8");
    const asked = new Set([...text.matchAll(/labelfleet_\w+/g)].map(([name]) => name));
    const served = new Set<string>();
    for (const { types } of Object.values(exposed)) {
      for (const [name, type] of types) {
        served.add(name);
        if (type === "histogram") served.add(`${name}_bucket`);
        if (type !== "histogram" && type !== "summary") continue;
        served.add(`${name}_sum`).add(`${name}_count`);
      }
    }
    expect(asked.size).toBeGreaterThan(5);
    expect([...asked].filter((name) => !served.has(name))).toEqual([]);
  },
);
