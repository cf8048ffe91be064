import type { TestProject } from "vitest/node";
import type { Said } from "./comparison.js";
import { faultPhotos, undisturbedRecords } from "./expected.js";
import { faultTable, forgetResults } from "./fault-results.js";

declare module "vitest" {
  interface ProvidedContext {
    undisturbed: [string, Said][];
  }
}

/** One undisturbed run for all files, before the first fault; after the last one, what they did. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await forgetResults("faults");
  project.provide("undisturbed", [...(await undisturbedRecords(await faultPhotos()))]);
  return async () => void process.stdout.write(`\n${await faultTable("faults")}`);
}
