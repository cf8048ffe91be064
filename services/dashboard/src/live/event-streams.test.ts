import { EventEmitter, once } from "node:events";
import { request } from "node:http";
import { type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { afterEach, expect, test } from "vitest";
import { EventStreams } from "./event-streams.js";
import { SharedPoller } from "./shared-poller.js";

const releasers: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releasers.splice(0).reverse()) await release();
});

/** A server with one stream, which it opens once `ready` resolves. */
async function streaming(
  ready: (reply: FastifyReply) => Promise<unknown>,
  clientOf?: (request: FastifyRequest) => string,
) {
  let reads = 0;
  const poller = new SharedPoller({ read: async () => ++reads, everyMs: 60_000, onError: () => {} });
  releasers.push(() => poller.stop());
  await poller.get(0);
  const streams = new EventStreams({ clientOf: clientOf ?? (() => "one"), isAllowed: () => true });
  const app = fastify({ forceCloseConnections: true });
  const served = new EventEmitter();
  app.get("/events", async (_, reply) => {
    await ready(reply);
    streams.serve(reply, poller);
    served.emit("served");
    return reply;
  });
  releasers.push(() => app.close());
  return { url: `${await app.listen({ port: 0, host: "127.0.0.1" })}/events`, poller, served };
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
  const asked = new EventEmitter();
  const { url, poller, served } = await streaming(async (reply) => {
    const hasLeft = once(reply.raw, "close");
    asked.emit("asked");
    await hasLeft;
  });
  const isServed = once(served, "served");
  const left = request(url).on("error", () => {});
  asked.once("asked", () => left.destroy());
  left.end();
  await isServed;
  expect(poller.watchers).toBe(0);
});

test("one client's many streams end its own oldest, and leave room for others", async () => {
  const { url, poller } = await streaming(
    async () => {},
    ({ query }) => (query as { client: string }).client,
  );
  const open = async (client: string) => {
    const { status, body } = await fetch(`${url}?client=${client}`);
    const reader = body!.getReader();
    releasers.push(() => reader.cancel().catch(() => {}));
    if (status === 200) await reader.read();
    return { status, reader };
  };
  const isOver = async ({ reader }: Awaited<ReturnType<typeof open>>) => {
    for (;;)
      if (
        await reader.read().then(
          ({ done }) => done,
          () => true,
        )
      )
        return true;
  };
  const greedy = [];
  for (let i = 0; i < 25; i++) greedy.push(await open("greedy"));
  await Promise.all(greedy.slice(0, 5).map(isOver));
  await expect.poll(() => poller.watchers).toBe(20);
  // Five of those fill what there is; another still gets in, and the one with most gives way.
  for (const client of ["b", "c", "d", "e"]) for (let i = 0; i < 20; i++) await open(client);
  await expect.poll(() => poller.watchers).toBe(100);
  expect((await open("late")).status).toBe(200);
  expect(await isOver(greedy[5]!)).toBe(true);
  await expect.poll(() => poller.watchers).toBe(100);
});
