import assert from "node:assert/strict";
import { isPhotoGet } from "../../e2e/gate.js";
import { type InterceptedRequest, type Interception, xmlError } from "../../support/s3-front.js";
import type { FaultCase } from "../fault-case.js";
import { batchImages, type FaultRig, isShardPut, succeeded } from "../fault-rig.js";

const endMs = 120_000;
const internalError = xmlError(500, "InternalError", "We encountered an internal error. Please try again.");
const slowDown = xmlError(503, "SlowDown", "Please reduce your request rate.");
const expired = xmlError(403, "ExpiredToken", "The provided token has expired.");
const accessDenied = xmlError(403, "AccessDenied", "Access Denied");

/** A run with one worker that has to end by itself while `intercept` does its worst. */
async function under(
  rig: FaultRig,
  intercept: (request: InterceptedRequest) => Interception,
  env: Record<string, string> = {},
): Promise<string> {
  rig.servers.s3.intercept = intercept;
  const worker = await rig.worker(env);
  const { scan, run } = await rig.scan();
  succeeded(await scan.result(endMs));
  rig.servers.s3.intercept = undefined;
  await rig.end(worker);
  assert.ok(rig.injected > 0, "the fault was injected");
  return run;
}

/** The first `reads` reads of each photo that `isHit` names meet the fault. */
function onFirstReads(
  fault: string,
  options: { reads: number; env?: Record<string, string>; isHit?: (index: number) => boolean },
  answer: Interception,
): FaultCase {
  return {
    fault,
    run(rig) {
      rig.injected = 0;
      const seen = new Map<string, number>();
      const isHit = options.isHit ?? (() => true);
      return under(
        rig,
        (request) => {
          if (!isPhotoGet(request)) return undefined;
          const read = (seen.get(request.key) ?? 0) + 1;
          seen.set(request.key, read);
          if (read > options.reads || !isHit([...seen.keys()].indexOf(request.key))) return undefined;
          rig.injected++;
          return answer;
        },
        options.env,
      );
    },
  };
}

/** Once photos are read, what `isHit` names meets the fault for `forMs`, from its first hit on. */
function forAWhile(
  fault: string,
  forMs: number,
  isHit: (request: InterceptedRequest) => boolean,
  answer: (hit: number) => Interception,
): FaultCase {
  return {
    fault,
    run(rig) {
      rig.injected = 0;
      let reads = 0;
      let startedMs: number | null = null;
      return under(rig, (request) => {
        if (isPhotoGet(request)) reads++;
        if (reads < batchImages + 2 || !isHit(request)) return undefined;
        startedMs ??= Date.now();
        return Date.now() - startedMs < forMs ? answer(rig.injected++) : undefined;
      });
    },
  };
}

const bursts = forAWhile(
  "500 and 503 to every request of worker and producer, for 2 s",
  2_000,
  () => true,
  (hit) => (hit % 2 === 0 ? internalError : slowDown),
);

const resets = onFirstReads(
  "reset in the middle of a photo's body",
  { reads: 2 },
  { deform: { fraction: 0.5, end: "reset" } },
);

const truncated = onFirstReads(
  "a photo's body ends early, with its full Content-Length",
  { reads: 2 },
  { deform: { fraction: 0.5, end: "close" } },
);

const trickling = onFirstReads(
  "a photo's body trickles, 16 bytes every 200 ms",
  { reads: 1, isHit: (index) => index % 5 === 0, env: { LABELFLEET_S3_TIMEOUT_MS: "1000" } },
  { deform: { trickle: { bytes: 16, everyMs: 200 } } },
);

const putRefused = forAWhile(
  "PUT of shards and statistics refused for 4 s",
  4_000,
  ({ method }) => method === "PUT",
  () => accessDenied,
);

export const putAnswerLost: FaultCase = {
  fault: "a shard's PUT is done and its answer lost",
  run(rig) {
    rig.injected = 0;
    const lost = new Set<string>();
    return under(rig, (request) => {
      if (!isShardPut(request) || lost.has(request.key)) return undefined;
      lost.add(request.key);
      rig.injected++;
      return { deform: { lost: true } };
    });
  },
};

const putReset = forAWhile("connection reset at a shard's PUT, for 1 s", 1_000, isShardPut, () => "drop" as const);

const credentialsExpire: FaultCase = {
  fault: "credentials that expire in mid-run, for 5 s",
  async run(rig) {
    const forMs = 5_000;
    rig.injected = 0;
    let reads = 0;
    let startedMs: number | null = null;
    rig.servers.s3.intercept = (request) => {
      if (isPhotoGet(request)) reads++;
      if (reads <= batchImages + 2) return undefined;
      startedMs ??= Date.now();
      if (Date.now() - startedMs >= forMs) return undefined;
      rig.injected++;
      return expired;
    };
    const worker = await rig.worker();
    const { scan, run } = await rig.scan();
    const ended = await scan.result(endMs);
    // The producer may give up, naming what was refused, and is then run again with credentials that are good.
    if (ended.exitCode !== 0) {
      assert.equal(ended.exitCode, 1, ended.stderr);
      succeeded(await rig.resume(run).result(endMs));
    }
    await rig.end(worker);
    return run;
  },
};

export const storeCases: FaultCase[] = [
  bursts,
  resets,
  truncated,
  trickling,
  putRefused,
  putAnswerLost,
  putReset,
  credentialsExpire,
];
