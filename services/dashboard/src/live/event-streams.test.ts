import { request } from "node:http";
import { fastify } from "fastify";
import { afterEach, expect, test } from "vitest";
import { EventStreams } from "./event-streams.js";
import { SharedPoller } from "./shared-poller.js";

const releasers: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releasers.splice(0).reverse()) await release();
});

/** A server with one stream, which it opens once `ready` resolves. */
async function streaming(ready: () => Promise<unknown>) {
  let reads = 0;
  const poller = new SharedPoller({ read: async () => ++reads, everyMs: 60_000, onError: () => {} });
  releasers.push(() => poller.stop());
  await poller.get(0);
  const streams = new EventStreams();
  const app = fastify({ forceCloseConnections: true });
  app.get("/events", async (_, reply) => {
    await ready();
    streams.serve(reply, poller);
    return reply;
  });
  releasers.push(() => app.close());
  return { url: `${await app.listen({ port: 0, host: "127.0.0.1" })}/events`, poller };
}

test("the value that is known comes with the head of the stream, and whoever leaves is forgotten", async () => {
  const { url, poller } = await streaming(async () => {});
  const leave = new AbortController();
  const { body } = await fetch(url, { signal: leave.signal });
  const reader = body!.getReader();
  let text = "";
  while (!text.includes("data:")) text += new TextDecoder().decode((await reader.read()).value);
  expect(text).toContain("data: 1\n\n");
  expect(poller.watchers).toBe(1);
  leave.abort();
  await expect.poll(() => poller.watchers).toBe(0);
});

test("who leaves before the stream begins leaves nobody behind that watches", async () => {
  let onAsked = () => {};
  const asked = new Promise<void>((resolve) => (onAsked = resolve));
  let begin = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const { url, poller } = await streaming(async () => {
    onAsked();
    await begun;
  });
  const left = request(url).on("error", () => {});
  left.end();
  await asked;
  left.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  begin();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(poller.watchers).toBe(0);
});
