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
import { batchImagesOf, type PipelineResult, resultOf } from "./result.js";
import { rooflineOf } from "./roofline.js";
import { type MeasuredRun, runOnce } from "./run-once.js";
import { type BenchS3, startBenchS3 } from "./s3/memory-s3-process.js";
import { measureStages } from "./stages/measure-stages.js";
import { tableOf } from "./table.js";

const bucket = "bench";
const prefix = "photos/";
const warmUpImages = 64;
/** Copies of a photo are there to be worked on. */
const readEach = { LABELFLEET_MERGE_EQUAL_OBJECTS: "false" };
const inferMultiplyAdds = 120e9;
const mostInferImages = 300;
const leastInferImages = 60;

/**
 * The whole command on real photos from an S3 server on this machine, against its roofline: each stage alone first, then a
 * warm-up run and `--runs` measured ones, of which each figure's median counts. `--check` compares every label with plain
 * single-image inference. `--out` gets the result as JSON and SVG.
 */
export async function benchPipeline(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      images: { type: "string" },
      runs: { type: "string", default: "3" },
      model: { type: "string", default: "efficientnet-lite0" },
      size: { type: "string", default: "500x375" },
      workers: { type: "string", default: "1" },
      stages: { type: "boolean", default: true },
      check: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      out: { type: "string" },
    },
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
    const runs = await measureRuns({ ...values, model: modelName }, s3);
    const last = runs.at(-1)!.report;
    const batchImages = batchImagesOf(runs[0]!);
    const common = { bucket, prefix, folder: photos.folder, model: modelName, batchImages, cores, s3 };
    const images = { ...size.stageImages, infer: inferImages(card) };
    const stages = values.stages ? await measureStages({ ...common, images }) : [];
    const result = resultOf({
      machine: { cpu: cpus()[0]?.model ?? "?", cores },
      model: card.id,
      size: values.size,
      workers: Number(values.workers),
      meanPhotoBytes: photos.meanBytes,
      stages,
      roofline: stages.length === 0 ? null : rooflineOf(stages, cores),
      runs,
      differingLabels: values.check ? await countDiffering(last.run, modelName, last.images, photos) : null,
    });
    if (values.out !== undefined) await writeResult(values.out, result);
    process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : tableOf(result));
    return result.differingLabels ? 1 : 0;
  } finally {
    await s3.stop();
  }
}

/** Fewer of a heavier network: about four seconds on one core. */
function inferImages({ architecture, inputPx, numClasses }: ModelCard): number {
  const work = architecture === undefined ? 0 : multiplyAdds(architecture, inputPx, numClasses);
  return Math.round(Math.min(mostInferImages, Math.max(leastInferImages, inferMultiplyAdds / Math.max(1, work))));
}

async function measureRuns(
  { runs, model, workers }: { runs: string; model: string; workers: string },
  s3: BenchS3,
): Promise<MeasuredRun[]> {
  const input = `s3://${bucket}/${prefix.replace(/\/$/, "")}`;
  const command = [input, "--out", `s3://${bucket}/labels`, "--model", model, "--workers", workers];
  process.stderr.write("warm-up run\n");
  await runOnce([...command, "--limit", String(warmUpImages)], s3);
  const measured: MeasuredRun[] = [];
  for (let i = 1; i <= Number(runs); i++) {
    process.stderr.write(`run ${i} of ${runs}\n`);
    measured.push(await runOnce(command, s3, readEach));
  }
  return measured;
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
