import { printable } from "@labelfleet/shared/printable";
import type { Problem } from "@labelfleet/shared/run/problems";
import { formatCount } from "./format.js";

const shownProblems = 20;

/** What is wrong with a run's folder, line by line, and how it is repaired. */
export function problemLines({ total, kept }: { total: number; kept: readonly Problem[] }, run: string): string {
  const shown = kept.slice(0, shownProblems);
  const lines = shown.map(({ message }) => `  ${printable(message)}\n`);
  if (total > shown.length) lines.push(`  and ${formatCount(total - shown.length)} more\n`);
  return `${lines.join("")}Repair it with: npx labelfleet resume ${run}\n`;
}
