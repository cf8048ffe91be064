import { connectRedis } from "@labelfleet/shared/redis/connection";
import { expect, it } from "vitest";
import type { ProducerRig } from "../integration/producer-rig.js";
import { rigForEachTest } from "../integration/rig-for-each-test.js";
import { RedisProxy } from "../support/redis-proxy.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";

let rig: ProducerRig;
rigForEachTest((started) => {
  rig = started;
});

/** How long it may take to leave the old master. */
const leftWithinMs = 15_000;

async function replicaOf(master: RedisServer): Promise<RedisServer> {
  const replica = await startRedis();
  await replica.command("REPLICAOF", "127.0.0.1", String(master.port));
  await expect
    .poll(() => replica.command("INFO", "replication"), { timeout: 10_000 })
    .toContain("master_link_status:up");
  return replica;
}

/** The old master lives on as a replica, and keeps the connections that it has. */
async function failOver(from: RedisServer, to: RedisServer): Promise<void> {
  await to.command("REPLICAOF", "NO", "ONE");
  await from.command("REPLICAOF", "127.0.0.1", String(to.port));
}

it("producer and workers leave a master that lives on as a replica, and end the run at the new one", async () => {
  const replica = await replicaOf(rig.server);
  const proxy = await RedisProxy.start(rig.server.port);
  const redis = await connectRedis(proxy.url);
  try {
    const run = await rig.prepare(await rig.photos("photos", 120), { batchImages: 1 });
    const through = { redis, redisUrl: proxy.url };
    rig.startWorker({ through, delayMs: 100 });
    let done = 0;
    const producing = rig.produce(run, {
      ...through,
      onProgress: (progress) => {
        done = progress.done;
      },
    });
    await expect.poll(() => done, { timeout: 10_000 }).toBeGreaterThan(10);
    await failOver(rig.server, replica);
    // The name leads to the old one for a while.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(done).toBeLessThan(120);
    const before = done;
    proxy.leadTo(replica.port);
    await expect.poll(() => done, { timeout: leftWithinMs }).toBeGreaterThan(before + 10);
    expect(await producing).toMatchObject({ outcome: "complete", report: { images: 120, ok: 120 } });
  } finally {
    await rig.stopWorkers();
    redis.disconnect();
    await proxy.close();
    await replica.stop();
  }
});

it("a client that only reads leaves it, too", async () => {
  const replica = await replicaOf(rig.server);
  const proxy = await RedisProxy.start(rig.server.port);
  const redis = await connectRedis(proxy.url);
  try {
    await failOver(rig.server, replica);
    proxy.leadTo(replica.port);
    await expect
      .poll(async () => /role:\w+/.exec(await redis.info("replication"))?.[0], { timeout: leftWithinMs })
      .toBe("role:master");
  } finally {
    redis.disconnect();
    await proxy.close();
    await replica.stop();
  }
});
