import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Model, modelDocument, modelFiles } from "@labelfleet/models/model-folder";
import { preprocessSpec } from "@labelfleet/models/preprocess-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { cacheDirOf } from "../../cache-dir.js";
import { type CommandContext, printJson } from "../../command-context.js";
import { intervalOf } from "../../quantize/agreement.js";
import { calibrationPhotos } from "../../quantize/calibration-photos.js";
import { type QuantizedModel, quantizeModel } from "../../quantize/quantize-model.js";
import { resolveModels } from "../../resolve-models.js";
import { formatBytes } from "../../view/format.js";
import { writeErr, writeOut } from "../../view/terminal.js";

export interface QuantizeFlags {
  calibrate: string;
  out: string;
  images: number;
  /** 0 to 1. */
  minAgreement: number;
}

/**
 * Makes a model folder whose graph computes in 8 bits.
 *
 * @returns 1 when its labels are too often others than the float model's; then nothing is written
 * @throws USAGE, MODEL_INVALID, and what reading the images rejects with
 */
export async function modelsQuantize(context: CommandContext, name: string, flags: QuantizeFlags): Promise<number> {
  const { out, minAgreement } = flags;
  if (await exists(out)) throw new LabelfleetError("USAGE", `--out ${out} already exists: name a new folder`);
  const [model] = await resolveModels(context, [name]);
  const photos = await calibrationPhotos(flags.calibrate, flags.images, preprocessSpec(model!.card));
  const quantized = await quantizeModel(model!, photos, cacheDirOf(context), progressLine);
  const { card, agreement, graph } = quantized;
  const interval = intervalOf(agreement);
  const share = agreement.same / agreement.of;
  const isGood = share >= minAgreement;
  if (isGood) await writeModelFolder(out, quantized, model!);
  const sizeBytes = graph.reduce((sum, piece) => sum + piece.byteLength, 0);
  if (context.json) {
    const written = isGood ? out : null;
    printJson({ id: card.id, out: written, sizeBytes, agreement: { ...agreement, share, interval }, minAgreement });
  }
  const found =
    `${card.id}: the top label is the float model's on ${agreement.same} of ${agreement.of} images, ` +
    `${tenths(share)} (95 % interval ${tenths(interval.low)} to ${tenths(interval.high)})`;
  if (!isGood) {
    throw new LabelfleetError(
      "MODEL_INVALID",
      `${found}, under --min-agreement ${tenths(minAgreement)}: nothing is written; calibrate with more or other images, or stay with float`,
    );
  }
  if (!context.json) {
    writeOut(
      `${found}\n${out}: ${formatBytes(sizeBytes)}, calibrated with ${photos.toObserve.length} images\n` +
        `use it as a model: npx labelfleet run <input> --out <uri> --model ${out}\n`,
    );
  }
  return 0;
}

/** Whole or not at all: the folder gets its name when all files are in it. */
async function writeModelFolder(out: string, { card, graph }: QuantizedModel, model: Model): Promise<void> {
  const [cardFile, labelsFile] = modelFiles(model) as [string, string];
  const temporary = `${out}.${randomUUID()}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    await writeFile(join(temporary, card.weights.file), graph);
    await writeFile(join(temporary, labelsFile), modelDocument(model, labelsFile));
    await writeFile(join(temporary, cardFile), `${JSON.stringify(card, null, 2)}\n`);
    await rename(temporary, out);
  } catch (cause) {
    throw new LabelfleetError("USAGE", `--out ${out} cannot be written (${(cause as Error).message})`, { cause });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A line for each tenth of the images. */
function progressLine(done: number, all: number): void {
  const tenth = Math.floor((done * 10) / all);
  if (tenth > Math.floor(((done - 1) * 10) / all)) writeErr(`${done} of ${all} images\n`);
}

/** 98.8 %: whole percents are too coarse here. */
function tenths(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
