import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Photo } from "../support/photos.js";
import type { FaultResult, Said } from "./comparison.js";
import { withEmptyObjects } from "./expected.js";
import { FaultRig } from "./fault-rig.js";

/** One kind of fault, and how it is injected into real processes from outside. */
export interface FaultCase {
  /** As it stands in the table of docs/guarantees.md. */
  fault: string;
  /** Injects the fault and brings the run to its end. Returns the run. */
  run: (rig: FaultRig) => Promise<string>;
  /** Keys in one page of a listing. */
  pageKeys?: number;
  /** Empty objects beside the photos, where the manifest has to be long. */
  emptyObjects?: number;
  /** False where Redis forgets counts that nobody has to rebuild. */
  countedInRedis?: boolean;
}

const longestCaseMs = 420_000;

/** Runs one case with servers of its own. Rejects unless its run is exact and nothing is left behind. */
export async function runCase(
  faultCase: FaultCase,
  options: { photos: Photo[]; expected: ReadonlyMap<string, Said>; program?: string },
): Promise<FaultResult[]> {
  const { pageKeys, emptyObjects = 0 } = faultCase;
  const { photos, expected, ...rest } = options;
  const rig = await FaultRig.start({
    ...rest,
    ...withEmptyObjects(emptyObjects, photos, expected),
    ...(pageKeys !== undefined && { pageKeys }),
  });
  let leaks: string[] = [];
  let results: FaultResult[];
  try {
    const run = await inTime(faultCase.run(rig));
    rig.servers.s3.intercept = undefined;
    rig.proxy.intercept = undefined;
    const { countedInRedis = true } = faultCase;
    const comparison = await rig.exact(run, { countedInRedis });
    const faults = [[faultCase.fault, rig.injected] as const, ...rig.alsoInjected];
    results = faults.map(([fault, injected]) => ({ fault, injected, ...comparison }));
  } finally {
    leaks = await rig.stop();
  }
  assert.deepEqual(leaks, [], "left behind");
  return results;
}

/** A case that hangs is a failed one, whose processes are ended like any other's. */
async function inTime(running: Promise<string>): Promise<string> {
  const over = new AbortController();
  const late = sleep(longestCaseMs, null, { signal: over.signal }).catch(() => null);
  const run = await Promise.race([running, late]).finally(() => over.abort());
  assert.ok(run !== null, `the case did not end within ${longestCaseMs} ms`);
  return run;
}
