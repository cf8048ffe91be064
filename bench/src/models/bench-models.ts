import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { type DeviceChoice, deviceChoices } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { checkContestant, defaultContestants } from "./contestants.js";
import { largestBatch } from "./largest-batch.js";
import type { BatchMeasure, MeasureOptions, ModelMeasure } from "./measure.js";
import { plotSvg } from "./plot.js";

const measureMain = fileURLToPath(new URL("./measure-main.js", import.meta.url));

export const modelsOptions = {
  models: { type: "string", default: defaultContestants.join(",") },
  batch: { type: "string", default: "1,8,32" },
  device: { type: "string", default: "cpu" },
  seconds: { type: "string", default: "2" },
  "budget-gb": { type: "string", default: "4" },
  out: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/**
 * Every network's time at every batch size, one network after another in a process of its own, on one thread of a CPU
 * (which is how the workers run them) or on a GPU. Writes models.json and models.svg where `--out` says.
 */
export async function benchModels(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: modelsOptions,
  });
  const options = optionsOf(values);
  const models: ModelMeasure[] = [];
  for (const name of options.names) {
    process.stderr.write(`measuring ${name}\n`);
    const model = await measureApart({ ...options, name });
    for (const { batch, predictedBytes } of model.leftOut) {
      const needed = (predictedBytes / 1e9).toFixed(1);
      process.stderr.write(`left out ${name} at batch ${batch}: it would need ${needed} GB, more than there is\n`);
    }
    models.push(model);
  }
  const { budgetBytes } = options;
  const result = {
    machine: { cpu: cpus()[0]?.model ?? "?", cores: availableParallelism(), memoryBytes: totalmem(), threads: 1 },
    budgetBytes,
    models: models.map((model) => ({ ...model, largestBatch: largestBatch(model, budgetBytes) })),
  };
  if (values.out !== undefined) await writeResult(values.out, result, options.batches[0]!);
  if (values.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else process.stdout.write(tableOf(result.models, budgetBytes, options.batches));
  return 0;
}

interface Options {
  names: string[];
  batches: number[];
  device: DeviceChoice;
  seconds: number;
  budgetBytes: number;
}

/** @throws USAGE */
function optionsOf(values: Record<"models" | "batch" | "device" | "seconds" | "budget-gb", string>): Options {
  const names = values.models.split(",");
  names.forEach(checkContestant);
  const number = (flag: "seconds" | "budget-gb") => {
    const value = Number(values[flag]);
    if (!(value > 0)) throw new LabelfleetError("USAGE", `--${flag} ${values[flag]}: expected a number over 0`);
    return value;
  };
  const batches = values.batch.split(",").map(Number);
  if (!batches.every((batch) => Number.isSafeInteger(batch) && batch >= 1)) {
    throw new LabelfleetError(
      "USAGE",
      `--batch ${values.batch}: expected whole numbers with commas between, such as 1,8,32`,
    );
  }
  const device = deviceChoices.find((choice) => choice === values.device);
  if (device === undefined) {
    throw new LabelfleetError("USAGE", `--device ${values.device}: expected ${deviceChoices.join(", ")}`);
  }
  return { names, batches, device, seconds: number("seconds"), budgetBytes: number("budget-gb") * 1e9 };
}

async function measureApart(options: MeasureOptions): Promise<ModelMeasure> {
  const words = ["--expose-gc", measureMain, JSON.stringify(options)];
  const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 1 << 20 });
  return JSON.parse(stdout) as ModelMeasure;
}

async function writeResult(folder: string, result: { models: ModelMeasure[] }, batch: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "models.json"), `${JSON.stringify(result, null, 2)}\n`);
  const device = result.models[0]?.device ?? "";
  const title = `FLOPs do not order real speed: measured time at batch ${batch} on ${device === "cpu" ? "one CPU thread" : device}`;
  await writeFile(join(folder, "models.svg"), plotSvg(result.models, batch, title));
}

function tableOf(
  models: readonly (ModelMeasure & { largestBatch: number | null })[],
  budgetBytes: number,
  batches: readonly number[],
): string {
  const head = ["network", "px", "parameters", "multiply-adds", "open"];
  const perBatch = batches.flatMap((batch) => [
    `ms/img @${batch}`,
    `CPU ms @${batch}`,
    `img/s @${batch}`,
    `GFLOP/s @${batch}`,
    `peak @${batch}`,
  ]);
  const rows = models.map((model) => [
    model.name,
    String(model.inputPx),
    `${(model.parameters / 1e6).toFixed(1)} M`,
    `${(model.multiplyAdds / 1e9).toFixed(2)} G`,
    `${(model.openMs / 1000).toFixed(1)} s`,
    ...batches.flatMap((batch) => cellsOf(model.batches.find((measure) => measure.batch === batch))),
    model.largestBatch === null ? "?" : String(model.largestBatch),
  ]);
  const all = [[...head, ...perBatch, `batch in ${budgetBytes / 1e9} GB`], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ");
  return `${all.map(line).join("\n")}\n`;
}

/** Empty where the batch would have needed more memory than there was. */
function cellsOf(measure: BatchMeasure | undefined): string[] {
  if (measure === undefined) return ["-", "-", "-", "-", "-"];
  const { msPerImage, cpuMsPerImage, imagesPerSecond, gflops, peakRssBytes } = measure;
  return [msPerImage, cpuMsPerImage, imagesPerSecond, gflops]
    .map((value) => value.toFixed(1))
    .concat(`${(peakRssBytes / 1e9).toFixed(2)} GB`);
}
