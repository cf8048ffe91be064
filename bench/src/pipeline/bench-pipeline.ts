import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { multiplyAdds } from "@labelfleet/models/efficientnet/cost";
import type { ModelCard } from "@labelfleet/models/model-card";
import { resolveModel } from "@labelfleet/models/registry";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { benchModel } from "./bench-model.js";
import { countDiffering } from "./count-differing.js";
import { benchPhotos, type PhotoSize, photoSizes } from "./photos.js";
import { plotSvg } from "./plot.js";
import { type BoundRun, batchImagesOf, type PipelineResult, resultOf } from "./result.js";
import { medianRoofline, type Roofline, rateBetween, rooflineOf, type StageMeasure } from "./roofline.js";
import { type MeasuredRun, runOnce } from "./run-once.js";
import { type BenchS3, startBenchS3 } from "./s3/memory-s3-process.js";
import { measureStages, type SweepOptions, sweepStages } from "./stages/measure-stages.js";
import { tableOf } from "./table.js";

const bucket = "bench";
const prefix = "photos/";
const warmUpImages = 64;
const inferMultiplyAdds = 360e9;
const mostInferImages = 900;
const leastInferImages = 120;

export const pipelineOptions = {
  images: { type: "string" },
  runs: { type: "string", default: "3" },
  model: { type: "string", default: "efficientnet-lite0" },
  size: { type: "string", default: "500x375" },
  workers: { type: "string", default: "1" },
  stages: { type: "boolean", default: true },
  check: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  out: { type: "string" },
} as const;

/**
 * The whole command on real photos from an S3 server on this machine, against its roofline: after a warm-up run `--runs` measured
 * ones, of which each figure's median counts, and the stages alone between them. `--check` compares every label with plain
 * single-image inference. `--out` gets the result as JSON and SVG.
 */
export async function benchPipeline(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: pipelineOptions,
    allowNegative: true,
  });
  const size = sizeOf(values.size);
  const photos = await benchPhotos(values.images === undefined ? size.images : Number(values.images), size);
  // What the model's name means is found out before anything is measured.
  const modelName = await benchModel(values.model);
  const { card } = await resolveModel(modelName);
  const s3 = await startBenchS3(bucket, prefix, photos.folder, size.copies);
  Object.assign(process.env, s3.env);
  try {
    const cores = availableParallelism();
    const images = { ...size.stageImages, infer: inferImages(card) };
    const common = { bucket, prefix, folder: photos.folder, model: modelName, cores, s3, images };
    const measured = await measure({ ...values, model: modelName }, common);
    const last = measured.runs.at(-1)!.report;
    const result = resultOf({
      machine: { cpu: cpus()[0]?.model ?? "?", cores },
      model: card.id,
      size: values.size,
      workers: Number(values.workers),
      meanPhotoBytes: photos.meanBytes,
      ...measured,
      differingLabels: values.check ? await countDiffering(last.run, modelName, last.images, photos) : null,
    });
    if (values.out !== undefined) await writeResult(values.out, result);
    process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : tableOf(result));
    return result.differingLabels ? 1 : 0;
  } finally {
    await s3.stop();
  }
}

/** Fewer of a heavier network: about twelve seconds on one core, as a run of the pipeline takes. */
function inferImages({ architecture, inputPx, numClasses }: ModelCard): number {
  const work = architecture === undefined ? 0 : multiplyAdds(architecture, inputPx, numClasses);
  return Math.round(Math.min(mostInferImages, Math.max(leastInferImages, inferMultiplyAdds / Math.max(1, work))));
}

/**
 * Runs and stages in turns: the sweep of the stages after the first run, which says how large batches are, and each at its best
 * after every other, so that what bounds a run was measured just before and after it.
 */
async function measure(
  { runs, model, workers, stages }: { runs: string; model: string; workers: string; stages: boolean },
  common: Omit<SweepOptions, "batchImages"> & { s3: BenchS3 },
): Promise<{ runs: BoundRun[]; stages: StageMeasure[]; roofline: Roofline | null }> {
  const { s3, cores } = common;
  const input = `s3://${bucket}/${prefix.replace(/\/$/, "")}`;
  const command = [input, "--out", `s3://${bucket}/labels`, "--model", model, "--workers", workers];
  process.stderr.write("warm-up run\n");
  await runOnce([...command, "--limit", String(warmUpImages)], s3);
  const nextRun = (i: number): Promise<MeasuredRun> => {
    process.stderr.write(`run ${i} of ${runs}\n`);
    return runOnce(command, s3);
  };
  const first = await nextRun(1);
  const options = { ...common, batchImages: batchImagesOf(first) };
  const sweep = stages ? await sweepStages(options) : [];
  const rounds = stages ? [rooflineOf(sweep, cores)] : [];
  const measured: BoundRun[] = [{ ...first, rooflineImagesPerSecond: rounds[0]?.imagesPerSecond ?? null }];
  for (let i = 2; i <= Number(runs); i++) {
    const run = await nextRun(i);
    const before = rounds.at(-1);
    if (before !== undefined) rounds.push(rooflineOf(await measureStages(options, before.best), cores));
    const rooflineImagesPerSecond = before === undefined ? null : rateBetween(before, rounds.at(-1)!, cores);
    measured.push({ ...run, rooflineImagesPerSecond });
  }
  return { runs: measured, stages: sweep, roofline: stages ? medianRoofline(rounds, cores) : null };
}

/** @throws USAGE */
function sizeOf(name: string): PhotoSize {
  const size = photoSizes[name];
  if (size !== undefined) return size;
  throw new LabelfleetError("USAGE", `--size ${name}: expected one of ${Object.keys(photoSizes).join(", ")}`);
}

async function writeResult(folder: string, result: PipelineResult): Promise<void> {
  await mkdir(folder, { recursive: true });
  const name = `pipeline-${result.model}-${result.size}${result.workers === 1 ? "" : `-${result.workers}workers`}`;
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  if (result.roofline !== null) await writeFile(join(folder, `${name}.svg`), plotSvg(result));
}
