import assert from "node:assert/strict";
import { namesIn } from "../../support/run-files.js";
import { type InterceptedRequest, type Interception, xmlError } from "../../support/s3-front.js";
import type { FaultCase } from "../fault-case.js";
import { type FaultRig, succeeded } from "../fault-rig.js";
import { Hold } from "../hold.js";

const pageKeys = 7;
const endMs = 90_000;

/** Kills the producer where `isHeld` holds it; a new one has to end the run, beside a worker that saw nothing of it. */
async function killProducerAt(rig: FaultRig, what: string, isHeld: (request: InterceptedRequest) => boolean) {
  const hold = new Hold<Interception>();
  rig.servers.s3.intercept = (request) => (isHeld(request) ? hold.wait() : undefined);
  const worker = await rig.worker();
  const { scan, run } = await rig.scan();
  await hold.reached(what);
  await rig.kill(scan);
  rig.servers.s3.intercept = undefined;
  hold.release("drop");
  assert.ok(!(await namesIn(rig.servers.s3, run)).includes("_SUCCESS"));
  succeeded(await rig.resume(run).result(endMs));
  await rig.end(worker);
  return run;
}

/** Whether a request asks for a page of the input's listing, which page being counted from 1. */
function pagesOfInput(): (request: InterceptedRequest) => number | null {
  let pages = 0;
  return ({ method, key, query }) => {
    const isPage = method === "GET" && key === "" && query.get("prefix") === "in/" && !query.has("max-keys");
    return isPage ? ++pages : null;
  };
}

const killInListing: FaultCase = {
  fault: "kill -9 of the producer in mid-listing",
  pageKeys,
  run(rig) {
    const pageOf = pagesOfInput();
    return killProducerAt(rig, "page 3 of the listing", (request) => (pageOf(request) ?? 0) >= 3);
  },
};

const killInChunk: FaultCase = {
  fault: "kill -9 of the producer in mid-chunk, before it is written",
  pageKeys,
  run: (rig) => killProducerAt(rig, "the PUT of a chunk", ({ method, key }) => method === "PUT" && /\.gz$/.test(key)),
};

const killBeforeDone: FaultCase = {
  fault: "kill -9 of the producer before `.done`",
  pageKeys,
  run: (rig) => killProducerAt(rig, "the PUT of .done", ({ method, key }) => method === "PUT" && /\.done$/.test(key)),
};

const killBeforeReport: FaultCase = {
  fault: "kill -9 of a finalizer before report.json",
  run: (rig) => killProducerAt(rig, "the PUT of report.json", ({ method, key }) => isPutOf(method, key, "report.json")),
};

const killBeforeSuccess: FaultCase = {
  fault: "kill -9 of a finalizer between report.json and _SUCCESS",
  run: (rig) => killProducerAt(rig, "the PUT of _SUCCESS", ({ method, key }) => isPutOf(method, key, "_SUCCESS")),
};

const twoFinalizers: FaultCase = {
  fault: "two finalizers at once, each stopped before _SUCCESS",
  async run(rig) {
    const hold = new Hold<Interception>();
    rig.servers.s3.intercept = ({ method, key }) => (isPutOf(method, key, "_SUCCESS") ? hold.wait() : undefined);
    const worker = await rig.worker();
    const { scan, run } = await rig.scan();
    await hold.reached("the PUT of _SUCCESS");
    const second = rig.resume(run);
    const deadlineMs = Date.now() + endMs;
    while (hold.arrivals < 2) {
      assert.ok(Date.now() < deadlineMs, "the second finalizer did not get to _SUCCESS");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    rig.injected = hold.arrivals;
    hold.release(undefined);
    for (const producer of [scan, second]) succeeded(await producer.result(endMs));
    await rig.end(worker);
    return run;
  },
};

const listingFailsForGood: FaultCase = {
  fault: "listing that fails on page 3 until the producer gives up",
  pageKeys,
  async run(rig) {
    const failure = xmlError(500, "InternalError", "We encountered an internal error. Please try again.");
    const isPageThree = pageThree();
    let failures = 0;
    rig.servers.s3.intercept = (request) => {
      if (!isPageThree(request)) return undefined;
      failures++;
      return failure;
    };
    const worker = await rig.worker();
    const { scan, run } = await rig.scan([], { LABELFLEET_S3_MAX_ATTEMPTS: "3" });
    const ended = await scan.result(endMs);
    assert.equal(ended.exitCode, 1, ended.stderr);
    rig.servers.s3.intercept = undefined;
    rig.injected = failures;
    assert.equal(failures, 3, "attempts for page 3");
    succeeded(await rig.resume(run).result(endMs));
    await rig.end(worker);
    return run;
  },
};

const listingFailsForAWhile: FaultCase = {
  fault: "listing that fails on page 3 twice",
  pageKeys,
  async run(rig) {
    const isPageThree = pageThree();
    let failures = 0;
    rig.servers.s3.intercept = (request) => {
      if (!isPageThree(request) || failures >= 2) return undefined;
      failures++;
      return failures === 1 ? "drop" : xmlError(503, "SlowDown", "Please reduce your request rate.");
    };
    const worker = await rig.worker();
    const { scan, run } = await rig.scan();
    succeeded(await scan.result(endMs));
    rig.injected = failures;
    assert.equal(failures, 2);
    await rig.end(worker);
    return run;
  },
};

/** Page 3 by its token, so that asking for it again is page 3 again. */
function pageThree(): (request: InterceptedRequest) => boolean {
  const tokens: string[] = [];
  return ({ method, key, query }) => {
    const token = query.get("continuation-token");
    if (method !== "GET" || key !== "" || query.get("prefix") !== "in/" || token === null) return false;
    if (!tokens.includes(token)) tokens.push(token);
    return tokens.indexOf(token) === 1;
  };
}

function isPutOf(method: string, key: string, name: string): boolean {
  return method === "PUT" && key.endsWith(`/${name}`);
}

export const producerCases: FaultCase[] = [
  killInListing,
  killInChunk,
  killBeforeDone,
  killBeforeReport,
  killBeforeSuccess,
  twoFinalizers,
  listingFailsForGood,
  listingFailsForAWhile,
];
