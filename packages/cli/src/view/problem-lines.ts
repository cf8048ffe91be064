import { printable } from "@labelfleet/shared/printable";
import type { Problem } from "@labelfleet/shared/run/problems";
import { formatCount } from "./format.js";

const shownProblems = 20;

/** What is wrong with a run's folder, line by line, and how it is repaired. */
export function problemLines(
  { total, kept }: { total: number; kept: readonly Problem[] },
  { run, isCancelled }: { run: string; isCancelled: boolean },
): string {
  const shown = kept.slice(0, shownProblems);
  const lines = shown.map(({ message }) => `  ${printable(message)}\n`);
  if (total > shown.length) lines.push(`  and ${formatCount(total - shown.length)} more\n`);
  const repair = isCancelled
    ? `The run was cancelled. To complete it anyway: npx labelfleet resume ${run} --force`
    : `Repair it with: npx labelfleet resume ${run}`;
  return `${lines.join("")}${repair}\n`;
}
