import { parseArgs } from "node:util";
import { startS3Process } from "@labelfleet/test/support/s3-process";
import { benchPhotos } from "./photos.js";
import { plainLabels } from "./plain-labels.js";
import { recordsOf } from "./records.js";
import { type MeasuredRun, runOnce } from "./run-once.js";
import { uploadAll } from "./upload.js";

const widthPx = 500;
const heightPx = 375;

/**
 * The whole command on photos of 500x375 from an S3 server on this machine (which takes part of the cores too): a warm-up
 * run, then `--runs` measured ones, medians of each figure. `--check` compares every label with plain single-image inference.
 */
export async function benchPipeline(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      images: { type: "string", default: "1000" },
      runs: { type: "string", default: "3" },
      model: { type: "string", default: "efficientnet-lite0" },
      workers: { type: "string", default: "1" },
      check: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const photos = await benchPhotos(Number(values.images), widthPx, heightPx);
  const s3 = await startS3Process(["bench"]);
  Object.assign(process.env, s3.env);
  try {
    await uploadAll("bench", "photos/", photos);
    const command = [
      "s3://bench/photos",
      "--out",
      "s3://bench/labels",
      "--model",
      values.model,
      "--workers",
      values.workers,
    ];
    await runOnce([...command, "--limit", "64"], s3.env);
    const measured: MeasuredRun[] = [];
    for (let i = 0; i < Number(values.runs); i++) measured.push(await runOnce(command, s3.env));
    const result = {
      images: photos.length,
      model: values.model,
      workers: Number(values.workers),
      runs: measured.length,
      meanPhotoBytes: Math.round(photos.reduce((sum, photo) => sum + photo.bytes.length, 0) / photos.length),
      steadyImagesPerSecond: median(measured.map((run) => run.steadyImagesPerSecond)),
      commandSeconds: median(measured.map((run) => run.commandSeconds)),
      firstPredictionSeconds: median(measured.map((run) => run.firstPredictionSeconds)),
      eventLoopDelayMsP99: median(
        measured.map(({ report }) => Math.max(...report.workers.map((w) => w.eventLoopDelayMsP99))),
      ),
      peakRssBytes: median(measured.map(({ report }) => Math.max(...report.workers.map((w) => w.peakRssBytes)))),
      differingLabels: values.check ? await countDiffering(measured.at(-1)!, values.model, photos) : null,
    };
    if (values.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else print(result, measured.at(-1)!);
    return result.differingLabels ? 1 : 0;
  } finally {
    await s3.close();
  }
}

async function countDiffering({ report }: MeasuredRun, model: string, photos: Parameters<typeof plainLabels>[1]) {
  const plain = await plainLabels(model, photos);
  let differing = 0;
  let seen = 0;
  for await (const { key, top } of recordsOf(report.run)) {
    seen += 1;
    if (top?.[0]?.index !== plain.get(key.replace("photos/", ""))) differing += 1;
  }
  return seen === photos.length ? differing : Math.abs(photos.length - seen) + differing;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const value = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return Math.round(value * 100) / 100;
}

function print(result: Record<string, unknown>, { report }: MeasuredRun): void {
  for (const [name, value] of Object.entries(result))
    if (value !== null) process.stdout.write(`${name.padEnd(24)}${value}\n`);
  process.stdout.write(
    `\n${"stage".padEnd(10)}${"count".padStart(8)}${"ms each".padStart(10)}${"utilisation".padStart(13)}\n`,
  );
  for (const { stage, count, busySeconds, utilisation } of report.stages) {
    const each = count === 0 ? 0 : (1_000 * busySeconds) / count;
    process.stdout.write(
      `${stage.padEnd(10)}${String(count).padStart(8)}${each.toFixed(2).padStart(10)}${`${(100 * utilisation).toFixed(0)} %`.padStart(13)}\n`,
    );
  }
  process.stdout.write(`${report.bottleneck}\n`);
}
