import { LabelfleetError } from "@labelfleet/shared/errors";
import type { ModelCard } from "./model-card.js";
import type { GraphEnd } from "./own-graph-end.js";

/** What is known of a graph's scores. */
export interface OutputEvidence {
  readonly end: GraphEnd;
  /** What the graph gave for a few images, one row each; null where it was not run. */
  readonly rows: readonly Float32Array[] | null;
}

/** Of float32 sums over a thousand classes, and of half precision. */
const tolerance = 5e-3;
/** So many logits never lie between 0 and 1 all together. */
const fewestTelling = 15;

/**
 * Whether the scores are probabilities already or still logits. What the card states counts; else the end of the graph, and
 * what the graph gave for images that were tried.
 *
 * @param warn where the card contradicts what was found, and where what was found is not certain
 * @throws LabelfleetError MODEL_INVALID for scores that are neither, or that cannot be told apart
 */
export function outputGives(
  card: ModelCard,
  { end, rows }: OutputEvidence,
  source: string,
  warn: (line: string) => void,
): "logits" | "probabilities" {
  const invalid = (what: string) => new LabelfleetError("MODEL_INVALID", `${source}: ${what}`);
  if (end.isOverImages) throw invalid("its softmax is over the images of a batch (axis 0), not over the classes");
  if (rows?.some((row) => row.some((value) => !Number.isFinite(value)))) {
    throw invalid("it gives NaN or infinity for an image");
  }
  const seen = rows === null ? null : describe(rows);
  const isOneAtMost = seen === null || seen.isAtMostOne || end.isRounded;
  if (card.output?.gives === undefined && end.kind === "softmax" && !(isOneAtMost && (seen?.isInUnit ?? true))) {
    throw invalid(`it ends in a softmax over another axis than the classes: ${seen!.text}`);
  }
  const found = finding(end, seen);
  const stated = card.output?.gives;
  if (stated !== undefined) {
    const contradiction = contradictionOf(stated, end, found, seen);
    if (contradiction !== null) warn(`${source}: model.json says output.gives "${stated}", but ${contradiction}`);
    return stated;
  }
  if (found === "logits" && seen?.isPercent)
    throw invalid("its scores are per cent (they add up to 100), expected 0 to 1");
  if (found === "unclear") {
    const what = "all scores of the test images lie between 0 and 1, and they are no softmax";
    const todo = 'state output.gives in model.json, "logits" or "probabilities"';
    if (seen!.count >= fewestTelling) throw invalid(`${what}: ${todo}`);
    warn(`${source}: ${what}; taken for logits: ${todo}`);
    return "logits";
  }
  if (found === "probabilities" && end.kind === "other") {
    warn(
      `${source}: its scores add up to 1, so they are taken for probabilities; output.gives in model.json can say so`,
    );
  }
  const kind = end.kind === "sigmoid" ? "sigmoid" : "softmax";
  if (found === "probabilities" || end.kind === "log-softmax") {
    if (kind !== card.activation && card.numClasses > 1) {
      warn(`${source}: it ends in ${kind}, though model.json says activation "${card.activation}"`);
    }
  }
  return found;
}

function finding(end: GraphEnd, seen: Seen | null): "logits" | "probabilities" | "unclear" {
  if (end.kind === "softmax" || end.kind === "sigmoid") return "probabilities";
  // A softmax of log-probabilities gives the probabilities.
  if (end.kind === "log-softmax" || seen === null || !seen.isInUnit) return "logits";
  return seen.sumsToOne ? "probabilities" : "unclear";
}

function contradictionOf(
  stated: "logits" | "probabilities",
  end: GraphEnd,
  found: ReturnType<typeof finding>,
  seen: Seen | null,
): string | null {
  if (stated === "logits") {
    if (found !== "probabilities") return null;
    return `${end.kind === "other" ? "its scores add up to 1" : `it ends in ${end.kind}`}: that is applied twice`;
  }
  if (end.kind === "log-softmax") return "it ends in the logarithm of a softmax";
  return seen === null || seen.isInUnit ? null : seen.text;
}

interface Seen {
  readonly isInUnit: boolean;
  /** Of several classes; a single one says nothing. */
  readonly sumsToOne: boolean;
  readonly isAtMostOne: boolean;
  readonly isPercent: boolean;
  readonly count: number;
  readonly text: string;
}

function describe(rows: readonly Float32Array[]): Seen {
  const sums = rows.map((row) => row.reduce((sum, value) => sum + value, 0));
  const values = rows.flatMap((row) => [...row]);
  const smallest = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const largest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const sum = sums[0] ?? Number.NaN;
  return {
    isInUnit: smallest >= -tolerance && largest <= 1 + tolerance,
    sumsToOne: (rows[0]?.length ?? 0) > 1 && sums.every((total) => Math.abs(total - 1) <= tolerance),
    isPercent: smallest >= 0 && sums.every((total) => Math.abs(total - 100) <= 100 * tolerance),
    isAtMostOne: sums.every((total) => total <= 1 + tolerance),
    count: values.length,
    text: `scores of a test image lie between ${smallest.toFixed(3)} and ${largest.toFixed(3)} and add up to ${sum.toFixed(3)}`,
  };
}
