import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cpuMsOf, machineCpuMs } from "../process-clock.js";
import { type StageMeasure, undisturbedRate } from "../roofline.js";
import { type StageName, type StageOptions, stageNames } from "./stage.js";

const main = fileURLToPath(new URL("./stage-main.js", import.meta.url));

export interface SweepOptions extends Omit<StageOptions, "stage" | "concurrency" | "images"> {
  cores: number;
  /** Images that each stage is measured with. */
  images: Record<StageName, number>;
  s3: { pid: number; env: Record<string, string> };
}

export interface StagePoint {
  stage: StageName;
  concurrency: number;
}

/** Each stage alone at several concurrencies, each time in a new process, one after another. */
export function sweepStages(options: SweepOptions): Promise<StageMeasure[]> {
  const { cores } = options;
  const perCore = [...new Set([1, cores, cores + 1])];
  const concurrencies: Record<StageName, number[]> = {
    list: [1],
    fetch: [1, 4, 8, 16],
    decode: perCore,
    infer: perCore,
    write: [1, 4],
  };
  const points = stageNames.flatMap((stage) => concurrencies[stage].map((concurrency) => ({ stage, concurrency })));
  return measureStages(options, points);
}

/** These stages alone at these concurrencies. */
export async function measureStages(options: SweepOptions, points: readonly StagePoint[]): Promise<StageMeasure[]> {
  const { cores, images, s3, ...common } = options;
  const measures: StageMeasure[] = [];
  for (const { stage, concurrency } of points) {
    process.stderr.write(`${stage} alone, ${concurrency} at once\n`);
    measures.push(await measureStage({ ...common, stage, concurrency, images: images[stage] }, s3, cores));
  }
  return measures;
}

async function measureStage(options: StageOptions, s3: SweepOptions["s3"], cores: number): Promise<StageMeasure> {
  const child = spawn(process.execPath, [main, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...s3.env, UV_THREADPOOL_SIZE: String(Math.max(4, options.concurrency)) },
  });
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  const serverBeforeMs = cpuMsOf(s3.pid) ?? 0;
  const machineBeforeMs = machineCpuMs();
  const { value, done } = await lines.next();
  const serverCpuMs = (cpuMsOf(s3.pid) ?? 0) - serverBeforeMs;
  const machineMs = machineCpuMs() - machineBeforeMs;
  await exit;
  if (done) throw new Error(`the stage ${options.stage} ended with ${child.exitCode}`);
  const { wallMs, cpuMs } = JSON.parse(value) as { wallMs: number; cpuMs: number };
  const rate = undisturbedRate({ ...options, cores, wallMs, cpuMs, othersMs: machineMs - cpuMs - serverCpuMs });
  return {
    stage: options.stage,
    concurrency: options.concurrency,
    imagesPerSecond: rate,
    cpuMsPerImage: cpuMs / options.images,
    serverCpuMsPerImage: serverCpuMs / options.images,
  };
}
