import { connectRedis } from "@labelfleet/shared/redis/connection";
import { warningsOf } from "@labelfleet/shared/redis/suitability";
import { probeConditionalPut } from "@labelfleet/shared/storage/conditional-probe";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { s3ConfigFromEnv } from "@labelfleet/shared/storage/s3-config";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ContainerServers, startContainerServers } from "./container-servers.js";

let servers: ContainerServers;
beforeAll(async () => {
  servers = await startContainerServers();
});
afterAll(() => servers?.stop());

test("the Redis of the container passes the checks at start without a warning", async () => {
  const redis = await connectRedis(servers.redis.url);
  try {
    expect(await warningsOf(redis)).toEqual([]);
  } finally {
    redis.disconnect();
  }
  expect(await servers.redis.command("PING")).toBe("+PONG\r\n");
});

test("the S3 server of the container keeps objects and honours conditional writes", async () => {
  await servers.s3.createBucket("photos");
  await servers.s3.putObject("photos", "a folder/ä.jpg", Buffer.from("bytes"));
  expect((await servers.s3.getObject("photos", "a folder/ä.jpg")).toString()).toBe("bytes");
  await servers.s3.deleteObject("photos", "a folder/ä.jpg");
  await expect(servers.s3.getObject("photos", "a folder/ä.jpg")).rejects.toMatchObject({ code: "OBJECT_NOT_FOUND" });

  const { store } = await openStore("s3://photos", { s3: s3ConfigFromEnv(servers.outsideEnv) });
  try {
    await store.put("first", Buffer.from("1"), { ifNoneMatch: "*" });
    await expect(store.put("first", Buffer.from("2"), { ifNoneMatch: "*" })).rejects.toMatchObject({
      code: "PRECONDITION_FAILED",
    });
    expect(await probeConditionalPut(store, "probe/")).toBe(true);
  } finally {
    await store.close();
  }
});
