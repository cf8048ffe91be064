import assert from "node:assert/strict";
import { isPhotoGet } from "../../e2e/gate.js";
import { type InterceptedRequest, type Interception, xmlError } from "../../support/s3-front.js";
import type { FaultCase } from "../fault-case.js";
import { eventually, type FaultRig, isShardPut, succeeded } from "../fault-rig.js";
import { Hold } from "../hold.js";

const endMs = 120_000;
const accessDenied = xmlError(403, "AccessDenied", "Access Denied");
const retryWords = ["--code", "OBJECT_DENIED"];
const smallBatches = ["--batch-images", "2", "--max-failed", "100%"];
/** With these there are more images than a worker takes at once. */
const emptyObjects = 100;
const freeReads = 5;

/** A complete run in which the store refused every third photo. */
async function runWithRefusals(rig: FaultRig): Promise<string> {
  let reads = 0;
  const refused = new Set<string>();
  rig.servers.s3.intercept = (request) => {
    if (!isPhotoGet(request)) return undefined;
    if (reads++ % 3 === 0) refused.add(request.key);
    return refused.has(request.key) ? accessDenied : undefined;
  };
  const worker = await rig.worker();
  const { scan, run } = await rig.scan(["--max-failed", "100%"]);
  succeeded(await scan.result(endMs));
  await rig.end(worker);
  rig.servers.s3.intercept = undefined;
  const { different } = await rig.compare(run);
  assert.ok(different > 0, "records that a retry has to make anew");
  return run;
}

function retry(rig: FaultRig, run: string) {
  return rig.cli.start(["retry", run, ...retryWords], { REDIS_URL: rig.redis.url });
}

/** Holds requests until it is released. */
function holdAt(rig: FaultRig, isHeld: (request: InterceptedRequest) => boolean): Hold<Interception> {
  const hold = new Hold<Interception>();
  rig.servers.s3.intercept = (request) => (isHeld(request) ? hold.wait() : undefined);
  return hold;
}

function letGo(rig: FaultRig, hold: Hold<Interception>, answer: Interception): void {
  rig.servers.s3.intercept = undefined;
  hold.release(answer);
}

function afterReads(free: number): (request: InterceptedRequest) => boolean {
  let reads = 0;
  return (request) => isPhotoGet(request) && reads++ >= free;
}

const killWorkerInRetry: FaultCase = {
  fault: "kill -9 of a worker during `retry`, before its rewrite's PUT",
  async run(rig) {
    const run = await runWithRefusals(rig);
    const hold = holdAt(rig, isShardPut);
    const victim = await rig.worker();
    const retrying = retry(rig, run);
    await hold.reached("the PUT of a rewrite");
    await rig.kill(victim);
    letGo(rig, hold, "drop");
    const other = await rig.worker();
    succeeded(await retrying.result(endMs));
    await rig.end(other);
    return run;
  },
};

const killProducerInRetry: FaultCase = {
  fault: "kill -9 of the producer of a `retry`, with rewrites on the way",
  async run(rig) {
    const run = await runWithRefusals(rig);
    const hold = holdAt(rig, isShardPut);
    const worker = await rig.worker();
    const retrying = retry(rig, run);
    await hold.reached("the PUT of a rewrite");
    await rig.kill(retrying);
    letGo(rig, hold, undefined);
    succeeded(await retry(rig, run).result(endMs));
    await rig.end(worker);
    return run;
  },
};

const killProducerAfterPause: FaultCase = {
  fault: "kill -9 of the producer right after `pause`, before it saw that",
  emptyObjects,
  async run(rig) {
    const hold = holdAt(rig, afterReads(freeReads));
    const worker = await rig.worker();
    const { scan, run } = await rig.scan(smallBatches);
    await hold.reached("the read of a photo");
    // It must not see the pause before it dies.
    scan.killGroup("SIGSTOP");
    succeeded(await rig.cli.run(["pause", run], { REDIS_URL: rig.redis.url }));
    await rig.kill(scan);
    letGo(rig, hold, undefined);
    await eventually("the worker has finished what it held", async () => (await rig.inQueue("active")) === 0);
    assert.ok((await rig.shards(run)).length < Math.ceil(rig.images / 2), "a paused run is not fed");
    assert.equal(await stateOf(rig, run), "paused");
    succeeded(await rig.resume(run).result(endMs));
    await rig.end(worker);
    return run;
  },
};

const killWorkerInCancel: FaultCase = {
  fault: "kill -9 of a worker during `cancel`, in the middle of its batches",
  emptyObjects,
  async run(rig) {
    const hold = holdAt(rig, afterReads(freeReads));
    const victim = await rig.worker();
    const { scan, run } = await rig.scan(smallBatches);
    await hold.reached("the read of a photo");
    const cancel = rig.cli.start(["cancel", run], { REDIS_URL: rig.redis.url });
    await eventually("the mark of the cancel", async () => (await rig.names(run)).includes("_CANCELLED"));
    await rig.kill(victim);
    succeeded(await cancel.result());
    assert.equal((await scan.result(endMs)).exitCode, 1);
    letGo(rig, hold, "drop");
    const before = await rig.shards(run);
    // What the victim held comes back to another worker, which throws it away.
    const other = await rig.worker();
    await eventually("the victim's batches are gone", async () => (await rig.inQueue("active")) === 0, endMs);
    assert.deepEqual(await rig.shards(run), before, "shards of a cancelled run");
    assert.equal(await stateOf(rig, run), "cancelled");
    const words = ["resume", run, "--force"];
    succeeded(await rig.cli.start(words, { REDIS_URL: rig.redis.url }).result(endMs));
    await rig.end(other);
    return run;
  },
};

async function stateOf(rig: FaultRig, run: string): Promise<string> {
  const { stdout } = succeeded(await rig.cli.run(["status", run, "--json"], { REDIS_URL: rig.redis.url }));
  return (JSON.parse(stdout) as { state: string }).state;
}

export const controlCases: FaultCase[] = [
  killWorkerInRetry,
  killProducerInRetry,
  killProducerAfterPause,
  killWorkerInCancel,
];
