import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { readStats } from "@labelfleet/producer/report/read-stats";
import { steadyRate } from "@labelfleet/producer/report/steady-rate";
import { type RunReport, runReportSchema } from "@labelfleet/shared/contract/run-report";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { startRedis } from "@labelfleet/test/support/redis-server";
import { type ProcessorTime, processorTime } from "./processor-time.js";
import { startWorkers } from "./workers.js";

const bin = fileURLToPath(import.meta.resolve("labelfleet/package.json")).replace(
  /package\.json$/,
  "bin/labelfleet.js",
);

export interface ScalingRun {
  workers: number;
  images: number;
  /** Between the 10th and the 90th percentile of completions. */
  imagesPerSecond: number;
  /** CPU milliseconds an image, start-up left out for the workers. */
  cpuMs: { workers: number; workersMainThread: number; producer: number; redis: number };
  /** Of the busiest worker, the share of a core that each kind of thread was busy. */
  mainThreadShare: number;
  /** CPU milliseconds a second that a worker takes while there is nothing to do. */
  idleCpuMsPerSecond: number;
  eventLoopDelayMsP99: number;
}

export interface ScalingOptions {
  workers: number;
  images: number;
  batchImages: number;
  /** As LABELFLEET_SIMULATED_DEVICE. */
  device: string;
  /** Images of one inference call; null: searched for. */
  batchSize: number | null;
  /** Where the input lies, with at least as many images. */
  input: string;
  /** For the run and the cache. */
  folder: string;
}

const idleMs = 3_000;

/** One run through real processes: redis-server, workers with fetch and decode stubbed, a producer. */
export async function scalingRun(options: ScalingOptions): Promise<ScalingRun> {
  const redis = await startRedis();
  const env = {
    REDIS_URL: redis.url,
    LABELFLEET_SIMULATED_DEVICE: options.device,
    LABELFLEET_MAX_BATCH_SIZE: options.batchSize === null ? "" : String(options.batchSize),
    LABELFLEET_CACHE_DIR: join(options.folder, "cache"),
    LABELFLEET_LOG_LEVEL: "error",
  };
  try {
    const workers = await startWorkers(options.workers, env);
    try {
      const before = await Promise.all(workers.pids.map(processorTime));
      await new Promise((resolve) => setTimeout(resolve, idleMs));
      const idle = await Promise.all(workers.pids.map(processorTime));
      const redisBeforeMs = await redisCpuMs(redis.command);
      const { report, startedMs, producerCpuMs } = await scan(options, env);
      const after = await Promise.all(workers.pids.map(processorTime));
      const perImage = (ms: number) => ms / report.images;
      const used = after.map((time, i) => minus(time, idle[i]!));
      return {
        workers: options.workers,
        images: report.images,
        imagesPerSecond: await steadyOf(report, startedMs),
        cpuMs: {
          workers: perImage(sum(used.map(({ processMs }) => processMs))),
          workersMainThread: perImage(sum(used.map(({ mainThreadMs }) => mainThreadMs))),
          producer: perImage(producerCpuMs),
          redis: perImage((await redisCpuMs(redis.command)) - redisBeforeMs),
        },
        mainThreadShare: Math.max(...used.map(({ mainThreadMs }) => mainThreadMs)) / (1_000 * report.wallSeconds),
        idleCpuMsPerSecond:
          sum(idle.map((time, i) => minus(time, before[i]!).processMs)) / options.workers / (idleMs / 1_000),
        eventLoopDelayMsP99: Math.max(...report.workers.map((worker) => worker.eventLoopDelayMsP99)),
      };
    } finally {
      await workers.stop();
    }
  } finally {
    await redis.stop();
  }
}

/** `labelfleet scan`, in a process of its own. */
async function scan(
  { input, images, batchImages, folder }: ScalingOptions,
  env: Record<string, string>,
): Promise<{ report: RunReport; startedMs: number; producerCpuMs: number }> {
  const startedMs = Date.now();
  const flags = ["--limit", String(images), "--batch-images", String(batchImages), "--json"];
  const child = spawn(process.execPath, [bin, "scan", input, "--out", join(folder, "labels"), ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  let producerCpuMs = 0;
  const watch = setInterval(() => {
    processorTime(child.pid!).then(
      ({ processMs }) => {
        producerCpuMs = processMs;
      },
      () => {}, // It has ended.
    );
  }, 250);
  try {
    const [output, exitCode] = await Promise.all([
      text(child.stdout),
      new Promise<number | null>((resolve) => child.once("exit", resolve)),
    ]);
    if (exitCode !== 0) throw new Error(`labelfleet scan ended with ${exitCode}`);
    return { report: runReportSchema.parse(JSON.parse(output)), startedMs, producerCpuMs };
  } finally {
    clearInterval(watch);
  }
}

async function steadyOf(report: RunReport, startMs: number): Promise<number> {
  const folder = await RunFolder.open(report.run);
  try {
    const { workers } = await readStats(folder);
    const completions = workers.map((worker) => worker.completions);
    return steadyRate(completions, [{ startMs, endMs: Date.now() }], 0) ?? 0;
  } finally {
    await folder.close();
  }
}

async function redisCpuMs(command: (...words: string[]) => Promise<string>): Promise<number> {
  const info = await command("INFO", "cpu");
  const seconds = (name: string) => Number(new RegExp(`^${name}:([0-9.]+)`, "m").exec(info)?.[1] ?? 0);
  return 1_000 * (seconds("used_cpu_sys") + seconds("used_cpu_user"));
}

function minus(time: ProcessorTime, earlier: ProcessorTime): ProcessorTime {
  return {
    processMs: time.processMs - earlier.processMs,
    mainThreadMs: time.mainThreadMs - earlier.mainThreadMs,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
