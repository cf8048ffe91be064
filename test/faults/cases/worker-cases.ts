import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { isPhotoGet } from "../../e2e/gate.js";
import { isAcknowledgement, isCount, type RedisInterception } from "../../support/redis-proxy.js";
import { readIn } from "../../support/run-files.js";
import type { Interception } from "../../support/s3-front.js";
import type { FaultCase } from "../fault-case.js";
import { batchImages, eventually, type FaultRig, isShardPut, succeeded } from "../fault-rig.js";
import { Hold } from "../hold.js";

/** A killed worker's batches come back after its locks expire. */
const recoveryMs = 120_000;

/** Holds what `isHeld` names, kills the worker there, and lets another one finish. */
async function killAt(rig: FaultRig, what: string, arm: (rig: FaultRig) => Armed, at?: (run: string) => Promise<void>) {
  const { reached, disarm } = arm(rig);
  const victim = await rig.worker();
  const { scan, run } = await rig.scan();
  await reached(what);
  await at?.(run);
  await rig.kill(victim);
  disarm();
  const other = await rig.worker();
  succeeded(await scan.result(recoveryMs));
  // What the victim held comes back even where the run no longer waits for it, and must change nothing.
  await eventually("the victim's batches came back", async () => (await rig.inQueue("active")) === 0, recoveryMs);
  await rig.end(other);
  return run;
}

interface Armed {
  reached: (what: string) => Promise<void>;
  disarm: () => void;
}

function holdPhotoGets(free: number): (rig: FaultRig) => Armed {
  return (rig) => {
    const hold = new Hold<Interception>();
    let reads = 0;
    rig.servers.s3.intercept = (request) => (isPhotoGet(request) && reads++ >= free ? hold.wait() : undefined);
    return armed(hold, () => {
      rig.servers.s3.intercept = undefined;
      hold.release("drop");
    });
  };
}

function holdShardPuts(rig: FaultRig): Armed {
  const hold = new Hold<Interception>();
  rig.servers.s3.intercept = (request) => (isShardPut(request) ? hold.wait() : undefined);
  return armed(hold, () => {
    rig.servers.s3.intercept = undefined;
    hold.release("drop");
  });
}

function holdCommands(isHeld: (words: string[]) => boolean): (rig: FaultRig) => Armed {
  return (rig) => {
    const hold = new Hold<RedisInterception>();
    rig.proxy.intercept = (words) => (isHeld(words) ? hold.wait() : undefined);
    return armed(hold, () => {
      rig.proxy.intercept = undefined;
      hold.release("cut");
    });
  };
}

function armed<Answer>(hold: Hold<Answer>, disarm: () => void): Armed {
  return { reached: (what) => hold.reached(what), disarm };
}

export const killAfterFetch: FaultCase = {
  fault: "kill -9 of a worker after fetch, in the middle of its batches",
  run: (rig) =>
    killAt(rig, "the GET of a batch's last photo", holdPhotoGets(2 * batchImages - 1), async (run) => {
      // The others are decoded and labelled meanwhile.
      await sleep(500);
      // A shard that was just written is counted before its batch is acknowledged, which may take a moment.
      const [completed, shards] = [await rig.inQueue("completed"), (await rig.shards(run)).length];
      assert.ok(completed <= shards, `acknowledged only what has a shard: ${completed} batches, ${shards} shards`);
      await sleep(2_000);
      assert.equal(
        await rig.inQueue("completed"),
        (await rig.shards(run)).length,
        "acknowledged only what has a shard",
      );
    }),
};

export const killBeforePut: FaultCase = {
  fault: "kill -9 of a worker before PUT",
  run: (rig) =>
    killAt(rig, "the PUT of a shard", holdShardPuts, async (run) => {
      // Whoever would go on without the answer has the time to do so.
      await sleep(1_500);
      assert.deepEqual(await rig.shards(run), []);
      assert.equal(await rig.inQueue("completed"), 0, "batches acknowledged before their shard is safe");
      assert.equal(await rig.counted(run), 0, "images counted before their shard is safe");
    }),
};

export const killBetweenPutAndCount: FaultCase = {
  fault: "kill -9 of a worker between PUT and count",
  run: (rig) =>
    killAt(rig, "the count of a batch", holdCommands(isCount), async (run) => {
      assert.ok((await rig.shards(run)).length > 0);
      assert.equal(await rig.counted(run), 0);
      assert.equal(await rig.inQueue("completed"), 0);
    }),
};

export const killBetweenCountAndAcknowledge: FaultCase = {
  fault: "kill -9 of a worker between count and acknowledge",
  run: (rig) =>
    killAt(rig, "the acknowledgement of a batch", holdCommands(isAcknowledgement), async (run) => {
      await eventually("a batch is counted", async () => (await rig.counted(run)) >= batchImages);
      assert.equal(await rig.inQueue("completed"), 0);
    }),
};

export const killWorkerAndProducer: FaultCase = {
  fault: "kill -9 of a worker before PUT, and of the producer",
  async run(rig) {
    const { reached, disarm } = holdShardPuts(rig);
    const victim = await rig.worker();
    const { scan, run } = await rig.scan();
    await reached("the PUT of a shard");
    rig.injected = 2;
    await Promise.all([rig.kill(victim), rig.kill(scan)]);
    disarm();
    const other = await rig.worker();
    // What was fed is finished without anyone who looks after the run: nothing was acknowledged too early.
    const batches = Math.ceil(rig.images / batchImages);
    await eventually("all shards", async () => (await rig.shards(run)).length === batches, recoveryMs);
    succeeded(await rig.resume(run).result(recoveryMs));
    await rig.end(other);
    return run;
  },
};

export const zombie: FaultCase = {
  fault: "SIGSTOP of a worker past its lock, with its PUT on the way, then SIGCONT",
  async run(rig) {
    const late = new Hold<Interception>();
    let latePuts = 0;
    rig.servers.s3.intercept = (request) => (isShardPut(request) ? late.wait() : undefined);
    const slow = await rig.worker();
    const { scan, run } = await rig.scan();
    await late.reached("the PUT of a shard");
    slow.killGroup("SIGSTOP");
    latePuts = late.arrivals;
    rig.servers.s3.intercept = undefined;
    const fast = await rig.worker();
    succeeded(await scan.result(recoveryMs));
    const before = await contents(rig, run);

    let answered = 0;
    rig.servers.s3.intercept = (request) => {
      if (isShardPut(request)) answered++;
      return undefined;
    };
    late.release(undefined);
    slow.killGroup("SIGCONT");
    // Its held PUTs arrive now, and those of the batches it had not written yet may follow.
    await sleep(3_000);
    rig.injected = latePuts + answered;
    await rig.end(slow, fast);
    assert.deepEqual(await contents(rig, run), before, "shards after the zombie's PUTs");
    return run;
  },
};

export const rollingTerm: FaultCase = {
  fault: "SIGTERM of each worker in turn, under load",
  async run(rig) {
    let workers = [await rig.worker(), await rig.worker()];
    let reads = 0;
    rig.servers.s3.intercept = (request) => {
      if (isPhotoGet(request)) reads++;
      return undefined;
    };
    const { scan, run } = await rig.scan();
    await eventually("the workers are at work", () => reads >= batchImages);
    for (const leaving of [...workers]) {
      await rig.end(leaving);
      workers = [...workers.filter((worker) => worker !== leaving), await rig.worker()];
    }
    rig.injected = 2;
    succeeded(await scan.result(recoveryMs));
    await rig.end(...workers);
    return run;
  },
};

async function contents(rig: FaultRig, run: string): Promise<Map<string, string>> {
  const { s3 } = rig.servers;
  const names = await rig.shards(run);
  return new Map(
    await Promise.all(names.map(async (name) => [name, (await readIn(s3, run, name)).toString()] as const)),
  );
}

export const workerCases: FaultCase[] = [
  killAfterFetch,
  killBeforePut,
  killBetweenPutAndCount,
  killBetweenCountAndAcknowledge,
  killWorkerAndProducer,
  zombie,
  rollingTerm,
];
