import { parseArgs } from "node:util";
import { startBrowser } from "@labelfleet/test/support/browser";
import { measureFleet } from "./measure-fleet.js";
import { measureLabels } from "./measure-labels.js";
import { syntheticRun } from "./synthetic-run.js";

export const dashboardOptions = {
  records: { type: "string", default: "1000000" },
  workers: { type: "string", default: "100" },
  runs: { type: "string", default: "200" },
  prepare: { type: "boolean", default: false },
  // What it prints is JSON anyway.
  json: { type: "boolean", default: false },
} as const;

/**
 * The dashboard in the system's Chromium: a large fleet's overview, and the labels of a large run. `--prepare` only makes the
 * run. Returns 1 when a figure is beyond what docs/dashboard.md promises.
 */
export async function benchDashboard(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: dashboardOptions,
  });
  const records = Number(values.records);
  const run = await syntheticRun(records);
  if (values.prepare) return 0;
  const browser = await startBrowser();
  try {
    const fleet = await measureFleet(browser, { workers: Number(values.workers), runs: Number(values.runs) });
    const labels = await measureLabels(browser, run, records);
    process.stdout.write(`${JSON.stringify({ fleet, labels }, null, 2)}\n`);
    const isKept =
      fleet.overviewMsMax < 200 &&
      fleet.longestTaskMs < 100 &&
      labels.firstThumbnailsSeconds < 2 &&
      labels.indexSeconds < 60 &&
      Math.max(...Object.values(labels.filterSeconds)) < 2 &&
      (labels.peakRssMb ?? 0) < 300;
    return isKept ? 0 : 1;
  } finally {
    await browser.close();
  }
}
