import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type ScalingRun, scalingRun } from "./scaling-run.js";

/** Called as often as a network of this time an image would be on a device of its own. */
const deviceMs = 50;
const filesPerFolder = 1_000;

export const scalingOptions = {
  workers: { type: "string", default: "1,2,4,8,16" },
  seconds: { type: "string", default: "20" },
  "limit-images": { type: "string", default: "20000" },
  out: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/**
 * What a worker process costs beside its device: fetch and decode are stubbed, the device is simulated, all else is real. First
 * one worker with a device that takes no time, then 1, 2, 4 ... workers with one that takes 50 ms an image. `--out` gets
 * scaling.json.
 */
export async function benchScaling(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: scalingOptions,
  });
  const counts = values.workers.split(",").map(Number);
  const perWorker = (Number(values.seconds) * 1_000) / deviceMs;
  const limitImages = Number(values["limit-images"]);
  const folder = await mkdtemp(join(tmpdir(), "labelfleet-scaling-"));
  try {
    const input = join(folder, "input");
    await makeInput(input, Math.max(limitImages, perWorker * Math.max(...counts)));
    const common = { input, folder };
    const limit =
      limitImages === 0
        ? null
        : await scalingRun({
            ...{ ...common, workers: 1, images: limitImages, batchImages: 500 },
            ...{ device: "launchMs=0,imageMs=0", batchSize: 64 },
          });
    const runs: ScalingRun[] = [];
    for (const workers of counts) {
      runs.push(
        await scalingRun({
          ...{ ...common, workers, images: workers * perWorker, batchImages: Math.ceil(perWorker / 8) },
          ...{ device: `launchMs=0,imageMs=${deviceMs}`, batchSize: 4 },
        }),
      );
    }
    const result = { deviceMs, limit, runs };
    if (values.out !== undefined) {
      await mkdir(values.out, { recursive: true });
      await writeFile(join(values.out, "scaling.json"), `${JSON.stringify(result, null, 2)}\n`);
    }
    process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(limit, runs));
    return 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Files that are listed and never read. */
async function makeInput(input: string, images: number): Promise<void> {
  for (let first = 0; first < images; first += filesPerFolder) {
    const folder = join(input, String(first).padStart(6, "0"));
    await mkdir(folder, { recursive: true });
    const names = Array.from({ length: Math.min(filesPerFolder, images - first) }, (_, i) => `${first + i}.jpg`);
    await Promise.all(names.map((name) => writeFile(join(folder, name), "x")));
  }
}

function table(limit: ScalingRun | null, runs: readonly ScalingRun[]): string {
  const linear = 1_000 / deviceMs;
  const head = [
    "workers",
    "images/s",
    "of linear",
    "worker CPU ms/image",
    "main thread",
    "producer",
    "redis",
    "idle CPU ms/s",
    "loop delay p99 ms",
  ];
  const line = (name: string, run: ScalingRun, share: string) => [
    name,
    run.imagesPerSecond.toFixed(1),
    share,
    run.cpuMs.workers.toFixed(2),
    run.cpuMs.workersMainThread.toFixed(2),
    run.cpuMs.producer.toFixed(2),
    run.cpuMs.redis.toFixed(3),
    run.idleCpuMsPerSecond.toFixed(1),
    run.eventLoopDelayMsP99.toFixed(0),
  ];
  const share = (run: ScalingRun) => `${((100 * run.imagesPerSecond) / (run.workers * linear)).toFixed(1)} %`;
  const lines = [
    head,
    ...(limit === null
      ? []
      : [line("1, no device", limit, `main thread busy ${(100 * limit.mainThreadShare).toFixed(0)} %`)]),
    ...runs.map((run) => line(String(run.workers), run, share(run))),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
