import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { normalisationFault } from "@labelfleet/models/card-rules";
import { splitTag } from "@labelfleet/models/efficientnet/architecture-names";
import { multiplyAdds, parameterCount } from "@labelfleet/models/efficientnet/cost";
import { buildGraph } from "@labelfleet/models/efficientnet/graph";
import { architectureNames, variantOf } from "@labelfleet/models/efficientnet/variants";
import { shortNames } from "@labelfleet/models/hub/short-names";
import { bundledModelIds, resolveModel } from "@labelfleet/models/registry";
import { Safetensors } from "@labelfleet/models/weights/safetensors";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { BuildFlags } from "../../build-flags.js";
import { type CommandContext, printJson } from "../../command-context.js";
import { formatBytes, formatCount } from "../../view/format.js";
import { writeErr, writeOut } from "../../view/terminal.js";

/** A plain ONNX file for any runtime: `images` uint8 [N, px, px, 3] in, one output. @throws MODEL_INVALID, USAGE */
export async function modelsBuild({ json }: CommandContext, flags: BuildFlags): Promise<number> {
  const { out, output, precision, activation } = flags;
  const architecture = await architectureOf(flags);
  const variant = variantOf(architecture);
  const weights = new Safetensors(await readOrRefuse(flags.weights), flags.weights);
  const inputPx = flags.inputPx ?? variant.inputPx;
  const numClasses = flags.numClasses ?? weights.shapeOf("classifier.bias")?.[0] ?? 1000;
  const { mean, std } = {
    ...variant.normalisation,
    ...(flags.mean && { mean: flags.mean }),
    ...(flags.std && { std: flags.std }),
  };
  if (std.some((channel) => channel <= 0)) throw new LabelfleetError("USAGE", `--std ${std}: expected numbers over 0`);
  const fault = normalisationFault({ mean, std });
  if (fault !== null) throw new LabelfleetError("USAGE", `--mean and --std: ${fault}`);
  const options = { architecture, inputPx, mean, std, numClasses, activation, weights, precision };
  const pieces = buildGraph({ ...options, outputs: [output] });
  const temporary = `${out}.tmp`;
  try {
    await writeFile(temporary, pieces);
    await rename(temporary, out);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new LabelfleetError("USAGE", `--out ${out} cannot be written (${(cause as Error).message})`, { cause });
  }
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const cost = {
    parameters: parameterCount(architecture, numClasses),
    multiplyAdds: multiplyAdds(architecture, inputPx, numClasses),
  };
  if (json) printJson({ out, architecture, inputPx, mean, std, numClasses, output, precision, sizeBytes, ...cost });
  else {
    writeOut(
      `${out}: ${formatBytes(sizeBytes)}, ${architecture} ${precision}, ${formatCount(cost.parameters)} parameters\n` +
        `input images uint8 [N, ${inputPx}, ${inputPx}, 3], output ${output} float32 [N, ${output === "embedding" ? "features" : numClasses}]\n`,
    );
  }
  return 0;
}

/**
 * The architecture that the flag names. A short name is that of weights of ours, so its architecture is known; timm's tags name
 * weights, whose mean and std are in the hub's configuration only.
 */
async function architectureOf({ architecture: name, mean, std }: BuildFlags): Promise<string> {
  const isBundled = (await bundledModelIds()).includes(name);
  const ours = isBundled
    ? (await resolveModel(name)).card.architecture
    : shortNames.find(({ id }) => id === name)?.architecture;
  if (ours !== undefined) {
    const other = ours.replace(/^tf_/, "");
    const hint = architectureNames.includes(other) ? `; for weights in PyTorch's padding, name ${other}` : "";
    writeErr(`${name} is ${ours}${hint}\n`);
    return ours;
  }
  const { architecture, tag } = splitTag(name);
  if (tag === null || !architectureNames.includes(architecture) || (mean && std)) return architecture;
  throw new LabelfleetError(
    "USAGE",
    `--architecture ${name}: "${tag}" names weights, whose mean and std may differ from the architecture's: give --mean and --std as their config.json has them, or run \`--model ${architecture}.${tag}\`, which reads it`,
  );
}

async function readOrRefuse(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: Error) => {
    throw new LabelfleetError("USAGE", `--weights ${path} cannot be read (${cause.message})`, { cause });
  });
}
