import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { readStats } from "@labelfleet/producer/report/read-stats";
import { type SteadyWindow, steadyWindow } from "@labelfleet/producer/report/steady-rate";
import { type RunReport, runReportSchema } from "@labelfleet/shared/contract/run-report";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { cpuMsOf } from "./process-clock.js";
import { type ProcessRole, UseOverTime } from "./use-over-time.js";

const bin = fileURLToPath(import.meta.resolve("labelfleet/package.json")).replace(
  /package\.json$/,
  "bin/labelfleet.js",
);

/** A command that has ended well. */
export interface EndedRun {
  report: RunReport;
  /** From the start of the command to its end. */
  commandSeconds: number;
}

export interface MeasuredRun extends EndedRun {
  /** From the start of the command to the first image whose labels are known. */
  firstPredictionSeconds: number;
  /** Between the 10th and the 90th percentile of completions, however short that is. */
  steadyImagesPerSecond: number;
  /** The part of the cores that other programs had in that time; 0 on a machine that is left alone. */
  othersShare: number;
  /** In that time. */
  cpuMsPerImage: Record<ProcessRole, number>;
  /** CPU time of the S3 server over the whole run. */
  serverCpuMsPerImage: number;
  mainLoopDelayMs: { p50: number; p99: number };
  /** Of all workers together. */
  peakBytes: { worker: number; redis: number };
}

interface Surroundings {
  /** Of the S3 server. */
  s3Env: Record<string, string>;
  env?: Record<string, string>;
  onStart?: (pid: number) => void;
}

/** `labelfleet run` as a user types it, in a process of its own. */
export async function endedRun(args: string[], { s3Env, env, onStart }: Surroundings): Promise<EndedRun> {
  const startedMs = Date.now();
  const child = spawn(process.execPath, [bin, "run", ...args, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...s3Env, LABELFLEET_LOG_LEVEL: "error", ...env },
  });
  onStart?.(child.pid!);
  const [output, exitCode] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((resolve) => child.once("exit", resolve)),
  ]);
  if (exitCode !== 0) throw new Error(`labelfleet run ended with ${exitCode}`);
  const commandSeconds = (Date.now() - startedMs) / 1_000;
  return { report: runReportSchema.parse(JSON.parse(output)), commandSeconds };
}

/** The same, watched from outside twice a second, which takes some thousandths of the machine. */
export async function runOnce(
  args: string[],
  s3: { pid: number; env: Record<string, string> },
  env: Record<string, string> = {},
): Promise<MeasuredRun> {
  const startedMs = Date.now();
  const serverBeforeMs = cpuMsOf(s3.pid) ?? 0;
  const use = new UseOverTime(s3.pid);
  const onStart = (pid: number) => use.watch(pid);
  const { report, commandSeconds } = await endedRun(args, { s3Env: s3.env, env, onStart }).finally(() => use.stop());
  const serverCpuMs = (cpuMsOf(s3.pid) ?? 0) - serverBeforeMs;
  const folder = await RunFolder.open(report.run);
  try {
    const { workers } = await readStats(folder);
    const firstMs = Math.min(...workers.map((worker) => worker.firstPredictionMs ?? Number.POSITIVE_INFINITY));
    const window = steadyWindow(workers.map((worker) => worker.completions));
    if (window === null) throw new Error(`nothing was labelled in ${report.run}`);
    const worst = (percentile: "p50" | "p99") => Math.max(...workers.map((w) => w.eventLoopDelayMs[percentile]));
    return {
      report,
      commandSeconds,
      firstPredictionSeconds: (firstMs - startedMs) / 1_000,
      steadyImagesPerSecond: (1_000 * window.images) / (window.toMs - window.fromMs),
      othersShare: use.othersShare(window.fromMs, window.toMs),
      cpuMsPerImage: perImage(use, window),
      serverCpuMsPerImage: serverCpuMs / report.images,
      mainLoopDelayMs: { p50: worst("p50"), p99: worst("p99") },
      peakBytes: use.peakBytes,
    };
  } finally {
    await folder.close();
  }
}

function perImage(use: UseOverTime, { fromMs, toMs, images }: SteadyWindow): Record<ProcessRole, number> {
  const cpuMs = use.between(fromMs, toMs);
  return { producer: cpuMs.producer / images, worker: cpuMs.worker / images, redis: cpuMs.redis / images };
}
