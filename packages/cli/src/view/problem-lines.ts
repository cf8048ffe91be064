import { printable } from "@labelfleet/shared/printable";
import type { Problem, ProblemCode } from "@labelfleet/shared/run/problems";
import type { RunStanding } from "../run-standing.js";
import { formatCount } from "./format.js";

const shownProblems = 20;

/** Only a listing writes these, and a run lists its input once. */
const ofChunks: readonly ProblemCode[] = ["chunk-missing", "chunk-unreadable", "chunk-order", "chunk-unexpected"];
const ofRanges: readonly ProblemCode[] = ["range-missing", "range-open"];

/** What is wrong with a run's folder, line by line, and how it is repaired. */
export function problemLines(
  { total, kept }: { total: number; kept: readonly Problem[] },
  standing: RunStanding,
): string {
  const shown = kept.slice(0, shownProblems);
  const lines = shown.map(({ message }) => `  ${printable(message)}\n`);
  if (total > shown.length) lines.push(`  and ${formatCount(total - shown.length)} more\n`);
  if (total === 0) lines.push("  its last step is missing: there is no _SUCCESS in its folder\n");
  return `${lines.join("")}${repairOf(kept, standing)}\n`;
}

function repairOf(kept: readonly Problem[], { run, isFinished, isCancelled }: RunStanding): string {
  const has = (codes: readonly ProblemCode[]) => kept.some(({ code }) => codes.includes(code));
  if (has(ofChunks) || (isFinished && has(ofRanges))) {
    return "`resume` cannot repair a manifest: put its files back from a backup, or label the input again with `npx labelfleet run`";
  }
  if (kept.length > 0 && kept.every(({ code }) => code === "shard-unexpected")) {
    return "`resume` does not remove files that belong to no batch: move them out of the run's folder";
  }
  return isCancelled
    ? `The run was cancelled. To complete it anyway: npx labelfleet resume ${run} --force`
    : `Repair it with: npx labelfleet resume ${run}`;
}
