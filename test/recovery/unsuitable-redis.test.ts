import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pauseRun } from "@labelfleet/producer/control";
import { connectRedis } from "@labelfleet/shared/redis/connection";
import { neededCommands } from "@labelfleet/shared/redis/rights";
import { expect, it } from "vitest";
import { checkoutDir } from "../containers/checkout.js";
import type { ProducerRig } from "../integration/producer-rig.js";
import { rigForEachTest } from "../integration/rig-for-each-test.js";
import { startRedis } from "../support/redis-server.js";

let rig: ProducerRig;
rigForEachTest((started) => {
  rig = started;
});

/** Why Redis cannot be connected to; null where it can. */
async function whyNot(url: string, lanes?: string[]): Promise<unknown> {
  try {
    (await connectRedis(url, lanes)).disconnect();
    return null;
  } catch (error) {
    return error;
  }
}

const refusal = (words: RegExp) => ({ code: "REDIS_UNSUITABLE", message: expect.stringMatching(words) });

/** The words of the command in docs/configuration.md that grants what is needed, behind the password. */
async function documentedRights(): Promise<string[]> {
  const page = await readFile(join(checkoutDir, "docs/configuration.md"), "utf8");
  const [, rights = ""] = /^ACL SETUSER labelfleet on >password([^`]+)```/m.exec(page) ?? [];
  return rights.trim().split(/\s+/);
}

/** A user's address. */
async function user(name: string, ...rights: string[]): Promise<string> {
  expect(await rig.server.command("ACL", "SETUSER", name, "on", ">secret", ...rights)).toBe("+OK\r\n");
  return `redis://${name}:secret@127.0.0.1:${rig.server.port}`;
}

it("a run is made, labelled and paused by a user with the documented rights", async () => {
  const rights = await documentedRights();
  expect(new Set(rights.filter((word) => word.startsWith("+")))).toEqual(
    new Set([...neededCommands].map((command) => `+${command}`)),
  );
  const redisUrl = await user("narrow", ...rights);
  const redis = await connectRedis(redisUrl, ["default"]);
  try {
    const run = await rig.prepare(await rig.photos("photos", 30), { batchImages: 2 });
    const producing = rig.produce(run, { redis, redisUrl });
    await expect.poll(() => rig.redis.zcard("{lf-default}:batches:prioritized")).toBeGreaterThan(0);
    expect(await pauseRun({ ...run, redis, redisUrl })).toBe(true);
    expect(await producing).toMatchObject({ outcome: "paused" });
    await rig.redis.del(`{lf-default}:run:${run.spec.runId}`);
    rig.startWorker({ through: { redis, redisUrl } });
    expect(await rig.produce(run, { redis, redisUrl })).toMatchObject({ outcome: "complete", report: { ok: 30 } });
    expect(await rig.server.command("ACL", "LOG")).toBe("*0\r\n");
  } finally {
    await rig.stopWorkers();
    redis.disconnect();
  }
});

it("each right that is lacking is named at the start", async () => {
  const rights = await documentedRights();
  // Hello and ping are allowed to everybody who has logged in; the names of clients are told where nobody depends on it.
  const optional = new Set(["hello", "ping", "select", "client|setname", "client|list"]);
  for (const command of neededCommands) {
    if (optional.has(command)) continue;
    const url = await user("lacking", "reset", "on", ">secret", ...rights, `-${command}`);
    expect(await whyNot(url), command).toMatchObject(refusal(new RegExp(`\\b${command}\\b`)));
  }
  const keyless = await user("keyless", "+@all", "~other:*");
  expect(await whyNot(keyless)).toMatchObject(refusal(/~lf:\*/));
  const laneless = await user("laneless", "+@all", "~lf:*");
  expect(await whyNot(laneless, ["gpu"])).toMatchObject(refusal(/~\{lf-gpu\}:/));
  const wrong = `redis://laneless:wrong@127.0.0.1:${rig.server.port}`;
  expect(await whyNot(wrong)).toMatchObject(refusal(/WRONGPASS.*user or the password/));
});

it("a database that does not exist, a replica and a node of a cluster are refused in words", async () => {
  expect(await whyNot(`${rig.server.url}/99`)).toMatchObject(refusal(/no database of this number/));
  await rig.server.command("REPLICAOF", "127.0.0.1", "1");
  expect(await whyNot(rig.server.url)).toMatchObject(refusal(/replica.*127\.0\.0\.1:1/));
  await rig.server.command("REPLICAOF", "NO", "ONE");
  await rig.server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  expect(await whyNot(rig.server.url)).toMatchObject(refusal(/may evict keys/));
  const node = await startRedis({ settings: { "cluster-enabled": "yes" } });
  try {
    await node.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    for (const url of [node.url, `${node.url}/1`]) {
      expect(await whyNot(url)).toMatchObject(refusal(/cluster mode, which is not supported yet/));
    }
  } finally {
    await node.stop();
  }
});
