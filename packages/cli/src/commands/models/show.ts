import { printable } from "@labelfleet/shared/printable";
import { cacheDirOf } from "../../cache-dir.js";
import { type CommandContext, printJson } from "../../command-context.js";
import { formatBytes, formatCount, formatTable } from "../../view/format.js";
import { writeOut } from "../../view/terminal.js";
import { type Description, describeByName } from "./describe-model.js";

/** One model or architecture: the paper's table of stages with what each costs, and how images are prepared. */
export async function modelsShow(context: CommandContext, name: string): Promise<number> {
  const description = await describeByName(name, cacheDirOf(context));
  if (context.json) printJson(description);
  else writeOut(`${stageTable(description)}${factTable(description)}`);
  return 0;
}

function stageTable({ stages, parameters, multiplyAdds }: Description): string {
  if (stages === null) return "";
  const head = [
    "stage",
    "operator",
    "resolution",
    "channels",
    "layers",
    "stride",
    "parameters",
    "multiply-adds",
    "drop-connect",
  ];
  const rows = stages.map((row, index) => [
    String(index + 1),
    row.operator,
    `${row.resolutionPx} x ${row.resolutionPx}`,
    formatCount(row.channels),
    String(row.layers),
    String(row.stride),
    formatCount(row.parameters),
    `${(row.multiplyAdds / 1e6).toFixed(2)} M`,
    dropConnectText(row.dropConnect),
  ]);
  const layers = stages.reduce((sum, row) => sum + row.layers, 0);
  const total = [
    "total",
    "",
    "",
    "",
    String(layers),
    "",
    formatCount(parameters!),
    `${(multiplyAdds! / 1e6).toFixed(2)} M`,
    "",
  ];
  return `${formatTable(head, [...rows, total])}\n`;
}

function dropConnectText(rates: readonly [number, number] | null): string {
  if (rates === null) return "-";
  const [first, last] = rates.map((rate) => rate.toFixed(3));
  return first === last ? first! : `${first} to ${last}`;
}

function factTable(model: Description): string {
  const rows: [string, string][] = [
    ["model", model.id],
    ["architecture", model.architecture ?? "its own graph"],
    ["weights", model.source === null ? model.weights : `${model.weights}: ${model.source}`],
    ["input px", String(model.inputPx)],
    ["classes", `${formatCount(model.numClasses)}${model.activation === null ? "" : `, ${model.activation}`}`],
    ["preprocessing", preprocessingText(model)],
    ["normalisation", `(pixel / 255 - [${model.mean.join(", ")}]) / [${model.std.join(", ")}]`],
  ];
  if (model.multiplyAdds !== null) {
    rows.push(["multiply-adds", `${(model.multiplyAdds / 1e9).toFixed(2)} billion an image`]);
  }
  if (model.activationBytes !== null) {
    rows.push(["activation memory", `${formatBytes(model.activationBytes)} an image at most at once, in float32`]);
    rows.push([
      "training only",
      `dropout ${model.dropout}; drop-connect ${model.dropConnect}, rising linearly over the blocks`,
    ]);
  }
  if (model.license !== null) rows.push(["licence", model.license]);
  if (model.sha256 !== null) rows.push(["sha256", model.sha256]);
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `${label.padEnd(width)}  ${printable(text)}\n`).join("");
}

function preprocessingText({ resizeShortSidePx, cropMode, interpolation, inputPx, weights }: Description): string {
  if (resizeShortSidePx === null) {
    return weights === "on the hub" ? "as the card says, once it is pulled" : "as the card of its weights says";
  }
  const what = cropMode === "squash" ? "both sides" : "short side";
  return `${what} to ${resizeShortSidePx} px (${interpolation}), then the middle ${inputPx} x ${inputPx}`;
}
