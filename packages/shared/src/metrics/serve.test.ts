import { afterEach, expect, it } from "vitest";
import { serveMetrics } from "./serve.js";

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function served(source: { isReady: () => boolean; metrics: () => Promise<string> }): Promise<string> {
  const server = await serveMetrics({ host: "127.0.0.1", port: 0 }, source);
  closing.push(() => server.close());
  return server.url;
}

it("answers probes also when nothing can be measured", async () => {
  let isReady = false;
  const url = await served({ isReady: () => isReady, metrics: () => Promise.reject(new Error("Redis is gone")) });
  const statusOf = async (path: string) => (await fetch(url + path)).status;
  expect([await statusOf("/healthz"), await statusOf("/readyz"), await statusOf("/metrics")]).toEqual([200, 503, 503]);
  isReady = true;
  expect([await statusOf("/readyz"), await statusOf("/")]).toEqual([200, 404]);
});

it("says in one line that a port is taken", async () => {
  const source = { isReady: () => true, metrics: async () => "" };
  const port = Number(new URL(await served(source)).port);
  await expect(serveMetrics({ host: "127.0.0.1", port }, source)).rejects.toMatchObject({
    code: "USAGE",
    message: `metrics cannot be served on 127.0.0.1:${port} (EADDRINUSE): choose --metrics-port or LABELFLEET_METRICS_HOST`,
  });
});
