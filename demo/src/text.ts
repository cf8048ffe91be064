import { basename } from "node:path";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { topOf } from "./predictions.js";

const shownClasses = 12;
const barLength = 40;

/** The photos below a prefix with their top label and its probability. */
export function photoTable(predictions: Prediction[], prefix: string): string {
  const rows = predictions.flatMap((prediction) => {
    const top = topOf(prediction);
    if (top === null || !prediction.key.startsWith(prefix)) return [];
    return [[basename(prediction.key), top.label, percent(top.probability)]];
  });
  return table(["photo", "label", "probability"], rows);
}

/** How many photos got which label, the most frequent first, as bars. */
export function classHistogram(predictions: Prediction[]): string {
  const counts = new Map<string, number>();
  for (const prediction of predictions) {
    const label = topOf(prediction)?.label;
    if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const most = sorted[0]?.[1] ?? 0;
  const rows = sorted
    .slice(0, shownClasses)
    .map(([label, count]) => [
      shortened(label),
      "█".repeat(Math.max(1, Math.round((count / most) * barLength))),
      `${count}`,
    ]);
  const rest = sorted.length > shownClasses ? `and ${sorted.length - shownClasses} more labels\n` : "";
  return `${table(["label", "photos", ""], rows)}${rest}`;
}

/** The objects that could not be labelled and why, and those that were damaged on purpose and yet could be read. */
export function failureTable(predictions: Prediction[], damagedPrefix: string): string {
  const failed = predictions.filter(({ status }) => status === "failed");
  const rows = failed.map(({ key, errorCode, errorMessage }) => [
    basename(key),
    errorCode ?? "",
    shortened(errorMessage ?? "", 70),
  ]);
  const readable = predictions.filter(({ key, status }) => status === "ok" && key.startsWith(damagedPrefix));
  const note =
    readable.length === 0 ? "" : `Damaged, yet readable: ${readable.map(({ key }) => basename(key)).join(", ")}\n`;
  return `${table(["failed", "code", "message"], rows)}${note}`;
}

function table(head: string[], rows: string[][]): string {
  const widths = head.map((name, c) => Math.max(name.length, ...rows.map((row) => row[c]!.length)));
  const line = (row: string[]) =>
    row
      .map((cell, c) => cell.padEnd(widths[c]!))
      .join("  ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}

function shortened(text: string, length = 32): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
