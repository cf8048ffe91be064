import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { consumeBatches } from "@labelfleet/shared/queue/batch-consumer";
import { offerBatches, openQueue } from "@labelfleet/shared/queue/batch-queue";
import { startTracing, tracing } from "@labelfleet/shared/queue/tracing";
import { afterEach, expect, it, vi } from "vitest";
import { startRedis } from "../support/redis-server.js";

interface Span {
  traceId: string;
  name: string;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A collector that keeps the requests it gets. */
async function startCollector() {
  const received: { url: string; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ url: request.url ?? "", body: Buffer.concat(chunks).toString() });
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, close };
}

const job = {
  schemaVersion: 1 as const,
  run: "file:///run/",
  runId: "20261124t120000z-abcdef",
  range: "r000",
  chunk: "r000-000000",
  batchId: "r000-000000-0000",
  pass: 0,
  rewrite: null,
  retryCode: null,
  mend: false,
};

it("sends one trace of a batch, from the feeder to the worker, and the last spans before it ends", async () => {
  const collector = await startCollector();
  const redis = await startRedis();
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url);
  vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test");
  expect(tracing()).toEqual({});
  const flush = await startTracing();
  const queue = openQueue(redis.url, "default");
  try {
    let consumer: ReturnType<typeof consumeBatches> | undefined;
    const done = new Promise<void>((resolve, reject) => {
      consumer = consumeBatches({
        redisUrl: redis.url,
        lane: "default",
        batchSlots: 1,
        workerId: "w",
        isShortOf: () => false,
        process: async () => resolve(),
        onFailed: (_jobId, error) => reject(error),
        onStalled: () => {},
        onError: () => {},
      });
    });
    await offerBatches(queue, [job]);
    await done;
    await consumer!.close();
  } finally {
    await queue.close();
    await flush();
    await redis.stop();
    await collector.close();
  }
  expect(tracing()).toEqual({});
  expect(new Set(collector.received.map(({ url }) => url))).toEqual(new Set(["/v1/traces"]));
  const sent = collector.received.map(({ body }) => JSON.parse(body));
  const resourceSpans = sent.flatMap((request) => request.resourceSpans);
  const attributes = JSON.stringify(resourceSpans[0].resource.attributes);
  expect(attributes).toContain('{"key":"service.name","value":{"stringValue":"labelfleet"}}');
  expect(attributes).toContain('{"key":"deployment.environment","value":{"stringValue":"test"}}');
  const spans: Span[] = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans).flatMap((scope) => scope.spans);
  const added = spans.find(({ name }) => name.startsWith("addBulk "));
  const processed = spans.find(({ name }) => name.startsWith("process "));
  expect([added?.name, processed?.name]).toEqual(["addBulk batches", "process batches"]);
  expect(processed?.traceId).toBe(added?.traceId);
});

it("ends in time when the collector does not answer", async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const redis = await startRedis();
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const flush = await startTracing();
  const queue = openQueue(redis.url, "default");
  await queue.add("batch", job);
  await queue.close();
  const startedMs = performance.now();
  await flush();
  // It did wait for the collector, and no longer than it may.
  expect(performance.now() - startedMs).toBeGreaterThan(2_500);
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  server.closeAllConnections();
  server.close();
  await redis.stop();
});
