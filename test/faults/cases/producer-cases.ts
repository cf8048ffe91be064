import assert from "node:assert/strict";
import { namesIn } from "../../support/run-files.js";
import { type InterceptedRequest, type Interception, xmlError } from "../../support/s3-front.js";
import type { FaultCase } from "../fault-case.js";
import { eventually, type FaultRig, succeeded } from "../fault-rig.js";
import { Hold } from "../hold.js";

const endMs = 90_000;
const longMs = 300_000;

/** A manifest of more than one chunk: the listing goes on after the run was begun, in pages of this many keys. */
const manyObjects = { pageKeys: 50, emptyObjects: 10_300 };
/** Chunks of 10,000; all but forty of the objects are no images. */
const manyFlags = ["--batch-images", "2000", "--max-failed", "100%", "--listing-ranges", "1"];

type IsHeld = (request: InterceptedRequest) => boolean;

/** Kills the producer where `isHeld` holds it; a new one has to end the run, beside a worker that saw nothing of it. */
async function killProducerAt(rig: FaultRig, what: string, isHeld: IsHeld): Promise<string> {
  const hold = new Hold<Interception>();
  rig.servers.s3.intercept = (request) => (isHeld(request) ? hold.wait() : undefined);
  const worker = await rig.worker();
  const scan = rig.beginScan();
  await hold.reached(what);
  await rig.kill(scan);
  rig.servers.s3.intercept = undefined;
  hold.release("drop");
  const run = rig.theRun();
  assert.ok(!(await namesIn(rig.servers.s3, run)).includes("_SUCCESS"));
  succeeded(await rig.resume(run).result(endMs));
  await rig.end(worker);
  return run;
}

/** Whether a request asks for this page of the input's listing, counted from the first chunk's end on. Asked again, it is it again. */
function pageAfterFirstChunk(page: number): IsHeld {
  let isBegun = false;
  const seen: string[] = [];
  return ({ method, key, query }) => {
    if (method === "PUT" && key.endsWith("r000-000000.jsonl.gz")) isBegun = true;
    if (!isBegun || method !== "GET" || key !== "" || query.get("prefix") !== "in/") return false;
    const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
    if (!seen.includes(after)) seen.push(after);
    return seen.indexOf(after) === page - 1;
  };
}

function putOf(name: string): IsHeld {
  return ({ method, key }) => method === "PUT" && key.endsWith(`/${name}`);
}

const killInFirstChunk: FaultCase = {
  fault: "kill -9 of the producer before the first chunk",
  run: (rig) => killProducerAt(rig, "the PUT of the first chunk", putOf("r000-000000.jsonl.gz")),
};

const killBeforeDone: FaultCase = {
  fault: "kill -9 of the producer before `.done`",
  run: (rig) => killProducerAt(rig, "the PUT of .done", putOf("r000.done")),
};

const killBeforeReport: FaultCase = {
  fault: "kill -9 of a finalizer before report.json",
  run: (rig) => killProducerAt(rig, "the PUT of report.json", putOf("report.json")),
};

const killBeforeSuccess: FaultCase = {
  fault: "kill -9 of a finalizer between report.json and _SUCCESS",
  run: (rig) => killProducerAt(rig, "the PUT of _SUCCESS", putOf("_SUCCESS")),
};

const twoFinalizers: FaultCase = {
  fault: "two finalizers at once, each stopped before _SUCCESS",
  async run(rig) {
    const hold = new Hold<Interception>();
    const isSuccess = putOf("_SUCCESS");
    rig.servers.s3.intercept = (request) => (isSuccess(request) ? hold.wait() : undefined);
    const worker = await rig.worker();
    const { scan, run } = await rig.scan();
    await hold.reached("the PUT of _SUCCESS");
    const second = rig.resume(run);
    await eventually("the second finalizer is before _SUCCESS", () => hold.arrivals === 2);
    rig.injected = hold.arrivals;
    hold.release(undefined);
    for (const producer of [scan, second]) succeeded(await producer.result(endMs));
    await rig.end(worker);
    return run;
  },
};

/**
 * One long manifest for all faults in the middle of a listing, one after another: it has to be longer than a chunk, and labelling
 * it once is enough.
 */
const longListing: FaultCase = {
  fault: "listing that fails on page 3 until the producer gives up",
  ...manyObjects,
  async run(rig) {
    const failure = xmlError(500, "InternalError", "We encountered an internal error. Please try again.");
    const [isPageThree, isSecondChunk] = [pageAfterFirstChunk(3), putOf("r000-000001.jsonl.gz")];
    let failures = 0;
    rig.servers.s3.intercept = (request) => (isPageThree(request) && ++failures > 0 ? failure : undefined);
    const { scan, run } = await rig.scan(manyFlags, { LABELFLEET_S3_MAX_ATTEMPTS: "3" });
    const ended = await scan.result(endMs);
    assert.equal(ended.exitCode, 1, ended.stderr);
    assert.match(ended.stderr, /cannot list s3:/);
    assert.equal(failures, 3, "attempts for page 3");
    rig.injected = failures;

    const inListing = new Hold<Interception>();
    rig.servers.s3.intercept = (request) => (isPageThree(request) ? inListing.wait() : undefined);
    const second = rig.resume(run);
    await inListing.reached("page 3 of the listing");
    await rig.kill(second);
    inListing.release("drop");
    rig.note("kill -9 of the producer in mid-listing", 1);

    const inChunk = new Hold<Interception>();
    failures = 0;
    rig.servers.s3.intercept = (request) => {
      if (isPageThree(request) && failures < 2) return failures++ === 0 ? "drop" : failure;
      return isSecondChunk(request) ? inChunk.wait() : undefined;
    };
    const third = rig.resume(run);
    await inChunk.reached("the PUT of the second chunk");
    assert.equal(failures, 2);
    rig.note("listing that fails on page 3 twice", failures);
    await rig.kill(third);
    rig.servers.s3.intercept = undefined;
    inChunk.release("drop");
    rig.note("kill -9 of the producer in mid-chunk, at the chunk's PUT", 1);

    const worker = await rig.worker();
    succeeded(await rig.resume(run).result(longMs));
    await rig.end(worker);
    return run;
  },
};

export const producerCases: FaultCase[] = [
  longListing,
  killInFirstChunk,
  killBeforeDone,
  killBeforeReport,
  killBeforeSuccess,
  twoFinalizers,
];
