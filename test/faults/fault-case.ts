import assert from "node:assert/strict";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { checkoutDir } from "../containers/checkout.js";
import { type Comparison, FaultRig, type FaultRigOptions } from "./fault-rig.js";

/** One kind of fault, and how it is injected into real processes from outside. */
export interface FaultCase {
  /** As it stands in the table of docs/guarantees.md. */
  fault: string;
  /** Injects the fault and brings the run to its end. Returns the run. */
  run: (rig: FaultRig) => Promise<string>;
  /** Keys in one page of a listing. */
  pageKeys?: number;
  /** False where Redis forgets counts that nobody has to rebuild. */
  countedInRedis?: boolean;
}

/** What docs/guarantees.md reports of a case. */
export interface FaultResult extends Comparison {
  fault: string;
  injected: number;
}

const resultsDir = join(checkoutDir, ".cache/faults");

/** Runs one case with servers of its own. Rejects unless its run is exact and nothing is left behind. */
export async function runCase(faultCase: FaultCase, options: FaultRigOptions): Promise<FaultResult> {
  const { pageKeys } = faultCase;
  const rig = await FaultRig.start({ ...options, ...(pageKeys !== undefined && { pageKeys }) });
  let leaks: string[] = [];
  let result: FaultResult;
  try {
    const run = await faultCase.run(rig);
    rig.servers.s3.intercept = undefined;
    rig.proxy.intercept = undefined;
    const { countedInRedis = true } = faultCase;
    result = { fault: faultCase.fault, injected: rig.injected, ...(await rig.exact(run, { countedInRedis })) };
  } finally {
    leaks = await rig.stop();
  }
  assert.deepEqual(leaks, [], "left behind");
  return result;
}

/** Adds a line to the results of this run of the suite, which `fault-table` turns into the table of the docs. */
export async function noteResult(result: FaultResult): Promise<void> {
  await mkdir(resultsDir, { recursive: true });
  await appendFile(join(resultsDir, "results.jsonl"), `${JSON.stringify(result)}\n`);
}
