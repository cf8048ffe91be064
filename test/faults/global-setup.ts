import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { checkoutDir } from "../containers/checkout.js";
import { faultPhotos, undisturbedRecords } from "./expected.js";
import type { Said } from "./fault-rig.js";

declare module "vitest" {
  interface ProvidedContext {
    undisturbed: [string, Said][];
  }
}

/** One undisturbed run for all files, before the first fault. */
export default async function setup(project: TestProject): Promise<void> {
  await rm(join(checkoutDir, ".cache/faults/results.jsonl"), { force: true });
  project.provide("undisturbed", [...(await undisturbedRecords(await faultPhotos()))]);
}
