import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { decodeForModels } from "@labelfleet/imaging/decode";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import type { Model } from "@labelfleet/models/model-folder";
import { precisionFor } from "@labelfleet/models/precision";
import { preprocessSpec } from "@labelfleet/models/preprocess-spec";
import { probeGraph } from "@labelfleet/runtime/graph-probe";
import { openOnnxSession } from "@labelfleet/runtime/onnx-session";
import type { Session } from "@labelfleet/runtime/session";
import { topK } from "@labelfleet/runtime/top-k";
import { defaultImageLimits } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { printable } from "@labelfleet/shared/printable";
import { cacheDirOf } from "../../cache-dir.js";
import { type CommandContext, printJson } from "../../command-context.js";
import { resolveModels } from "../../resolve-models.js";
import type { RunFlags } from "../../run-flags.js";
import { formatPercent, formatTable } from "../../view/format.js";
import { writeOut } from "../../view/terminal.js";

/** The free photos of the checkout; an installed image has none, and then only the model itself is checked. */
const samplesFolder = fileURLToPath(new URL("../../../../../samples/", import.meta.url));
const labelsShown = 3;
/** Of float32 sums over a thousand classes, and of half precision. */
const sumTolerance = 5e-3;

interface Sample {
  photo: string;
  top: { label: string; probability: number }[];
}

/** Builds the graph, opens it, and labels the sample photos. @throws MODEL_INVALID and as a run would */
export async function modelsCheck(
  context: CommandContext,
  name: string,
  flags: Pick<RunFlags, "precision" | "device">,
): Promise<number> {
  const [model] = await resolveModels(context, [name]);
  const { card } = model!;
  const { device } = flags;
  const precision = precisionFor(card, flags.precision ?? null);
  const cacheDir = cacheDirOf(context);
  const warn = (line: string) => context.logger.warn(line);
  const modelPath = await ensureOnnx(model!, { cacheDir, precision, probe: probeGraph, again: true, warn });
  const { session, fallbackReason } = await openOnnxSession({ modelPath, device, name: model!.folder });
  if (fallbackReason !== undefined) context.logger.debug(fallbackReason);
  try {
    checkShape(session, model!);
    const samples = await labelSamples(session, model!);
    if (context.json)
      printJson({ id: card.id, ok: true, device: session.device, precision, graph: modelPath, samples });
    else {
      writeOut(
        `${card.id}: card, labels, weights and graph agree (${card.numClasses} classes, ${card.inputPx} px, ${precision}, ${session.device})\n`,
      );
      const rows = samples.map(({ photo, top }) => [photo, top.map(labelText).join(", ")]);
      if (rows.length > 0) writeOut(`\n${formatTable(["photo", "labels"], rows)}`);
    }
    return 0;
  } finally {
    await session.close();
  }
}

function checkShape(session: Session, { card, folder }: Model): void {
  const { inputPx, numClasses } = session;
  if (inputPx === card.inputPx && numClasses === card.numClasses) return;
  throw new LabelfleetError(
    "MODEL_INVALID",
    `${folder}: the graph has ${inputPx} px and ${numClasses} classes, model.json ${card.inputPx} and ${card.numClasses}`,
  );
}

async function labelSamples(session: Session, model: Model): Promise<Sample[]> {
  const photos = (await readdir(samplesFolder).catch(() => [])).filter((name) => name.endsWith(".jpg")).sort();
  const samples: Sample[] = [];
  for (const photo of photos) {
    const bytes = await readFile(`${samplesFolder}${photo}`);
    const { pixels } = await decodeForModels(bytes, [preprocessSpec(model.card)], defaultImageLimits);
    const probabilities = await session.run(pixels[0]!, 1);
    checkProbabilities(probabilities, model);
    const top = topK(probabilities, labelsShown);
    samples.push({
      photo,
      top: top.map(({ index, probability }) => ({ label: model.labels[index]!.label, probability })),
    });
  }
  return samples;
}

/** Normalised wrongly or not at all, a network still gives numbers; these are the ones it cannot give. */
function checkProbabilities(probabilities: Float32Array, { card, folder }: Model): void {
  const invalid = (what: string) => new LabelfleetError("MODEL_INVALID", `${folder}: the graph gives ${what}`);
  const bad = probabilities.findIndex((value) => !(value >= 0 && value <= 1 + sumTolerance));
  if (bad !== -1) throw invalid(`${probabilities[bad]} for class ${bad}, which is no probability; are these logits?`);
  const sum = probabilities.reduce((total, value) => total + value, 0);
  if (card.activation === "softmax" && Math.abs(sum - 1) > sumTolerance) {
    throw invalid(`probabilities that add up to ${sum.toFixed(3)}, though model.json says softmax`);
  }
}

function labelText({ label, probability }: Sample["top"][number]): string {
  return `${printable(label)} ${formatPercent(probability)}`;
}
