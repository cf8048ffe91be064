import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { readStats } from "@labelfleet/producer/report/read-stats";
import { steadyRate } from "@labelfleet/producer/report/steady-rate";
import { type RunReport, runReportSchema } from "@labelfleet/shared/contract/run-report";
import { RunFolder } from "@labelfleet/shared/run/run-folder";

const bin = fileURLToPath(import.meta.resolve("labelfleet/package.json")).replace(
  /package\.json$/,
  "bin/labelfleet.js",
);

export interface MeasuredRun {
  report: RunReport;
  /** From the start of the command to its end. */
  commandSeconds: number;
  /** From the start of the command to the first image whose labels are known. */
  firstPredictionSeconds: number;
  /** Between the 10th and the 90th percentile of completions, however short that is. */
  steadyImagesPerSecond: number;
}

/** `labelfleet run` as a user types it, in a process of its own. */
export async function runOnce(args: string[], env: Record<string, string>): Promise<MeasuredRun> {
  const startedMs = Date.now();
  const child = spawn(process.execPath, [bin, "run", ...args, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env, LABELFLEET_LOG_LEVEL: "error" },
  });
  const [output, exitCode] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((resolve) => child.once("exit", resolve)),
  ]);
  if (exitCode !== 0) throw new Error(`labelfleet run ended with ${exitCode}`);
  const commandSeconds = (Date.now() - startedMs) / 1_000;
  const report = runReportSchema.parse(JSON.parse(output));
  const folder = await RunFolder.open(report.run);
  try {
    const { workers } = await readStats(folder);
    const firstMs = Math.min(...workers.map((worker) => worker.firstPredictionMs ?? Number.POSITIVE_INFINITY));
    const whole = [{ startMs: startedMs, endMs: Date.now() }];
    return {
      report,
      commandSeconds,
      firstPredictionSeconds: (firstMs - startedMs) / 1_000,
      steadyImagesPerSecond:
        steadyRate(
          workers.map((worker) => worker.completions),
          whole,
          0,
        ) ?? 0,
    };
  } finally {
    await folder.close();
  }
}
