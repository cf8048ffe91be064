import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { isPhotoGet } from "../../e2e/gate.js";
import { isAcknowledgement, isCount } from "../../support/redis-proxy.js";
import { startRedis } from "../../support/redis-server.js";
import type { Interception } from "../../support/s3-front.js";
import type { FaultCase } from "../fault-case.js";
import { batchImages, type FaultRig, succeeded } from "../fault-rig.js";
import { Hold } from "../hold.js";

const recoveryMs = 120_000;
const outageMs = 20_000;
const refusalMs = 6_000;

/** Starts a run, injects the fault while a worker is in the middle of it, and expects it to end by itself. */
async function inMidRun(rig: FaultRig, fault: (letGo: () => void) => Promise<void>): Promise<string> {
  const hold = new Hold<Interception>();
  let reads = 0;
  rig.servers.s3.intercept = (request) => (isPhotoGet(request) && reads++ >= batchImages + 5 ? hold.wait() : undefined);
  const worker = await rig.worker();
  const { scan, run } = await rig.scan([], { REDIS_URL: rig.proxy.url });
  await hold.reached("a photo in the second batch");
  await fault(() => hold.release(undefined));
  hold.release(undefined);
  succeeded(await scan.result(recoveryMs));
  await rig.end(worker);
  return run;
}

const stopped: FaultCase = {
  fault: "Redis stopped for 20 s, started again with what it had",
  run: (rig) =>
    inMidRun(rig, async (letGo) => {
      const folder = await rig.redis.save();
      letGo();
      await sleep(outageMs);
      rig.redis = await startRedis({ port: rig.redis.port, folder });
    }),
};

const restartedEmpty: FaultCase = {
  fault: "Redis killed and started again empty",
  run: (rig) =>
    inMidRun(rig, async (letGo) => {
      const restarting = rig.restartRedis(1_000);
      letGo();
      await restarting;
    }),
};

const outOfMemory: FaultCase = {
  fault: "Redis answers OOM to every write for 6 s",
  run: (rig) =>
    inMidRun(rig, async (letGo) => {
      assert.equal(await rig.redis.command("CONFIG", "SET", "maxmemory", "1mb"), "+OK\r\n");
      assert.match(await rig.redis.command("SET", "probe", "1"), /^-OOM/);
      letGo();
      await sleep(refusalMs);
      await rig.redis.command("CONFIG", "SET", "maxmemory", "0");
    }),
};

const readOnly: FaultCase = {
  fault: "Redis is read-only for 6 s, as after a failover",
  run: (rig) =>
    inMidRun(rig, async (letGo) => {
      // A master that does not exist: nothing is replicated, and what is there stays.
      await rig.redis.command("REPLICAOF", "127.0.0.1", "1");
      assert.match(await rig.redis.command("SET", "probe", "1"), /^-READONLY/);
      letGo();
      await sleep(refusalMs);
      await rig.redis.command("REPLICAOF", "NO", "ONE");
    }),
};

const cutConnections: FaultCase = {
  fault: "connections to Redis reset, ten times in 5 s",
  run: (rig) =>
    inMidRun(rig, async (letGo) => {
      rig.injected = 10;
      for (let i = 0; i < rig.injected; i++) {
        rig.proxy.down();
        await sleep(100);
        rig.proxy.restore();
        if (i === 3) letGo();
        await sleep(400);
      }
    }),
};

/** The command is executed and its answer never comes, once for each of the first `times`. */
function answerLost(fault: string, isHit: (words: string[]) => boolean, times: number): FaultCase {
  return {
    fault,
    run: (rig) => {
      rig.injected = 0;
      rig.proxy.intercept = (words) => {
        if (!isHit(words) || rig.injected >= times) return undefined;
        rig.injected++;
        return "lose-answer";
      };
      return inMidRun(rig, async () => {
        assert.ok(rig.injected <= times);
      }).then((run) => {
        assert.ok(rig.injected > 0, "no answer was lost");
        return run;
      });
    },
  };
}

export const countAnswerLost = answerLost("a count's answer is lost on the way", isCount, 2);
const acknowledgementAnswerLost = answerLost("an acknowledgement's answer is lost on the way", isAcknowledgement, 2);

export const redisCases: FaultCase[] = [
  stopped,
  restartedEmpty,
  outOfMemory,
  readOnly,
  cutConnections,
  countAnswerLost,
  acknowledgementAnswerLost,
];
