import type { LabelTable } from "./label-table.js";

/** Bars of the confidence histogram: 20 of 0.05. */
export const confidenceBars = 20;
const shownClasses = 30;

export interface Histograms {
  /** Most frequent first; `otherClasses` and `otherCount` are those that are not shown. */
  classes: { label: string; count: number }[];
  otherClasses: number;
  otherCount: number;
  /** Records by the probability of their label, in steps of 0.05. */
  confidence: number[];
  failed: number;
}

export function histogramsOf(table: LabelTable, rows: Uint32Array): Histograms {
  const counts = new Uint32Array(table.labels.size);
  const confidence = new Array<number>(confidenceBars).fill(0);
  let failed = 0;
  for (const row of rows) {
    if (table.code[row] !== 0) {
      failed++;
      continue;
    }
    const label = table.label[row]!;
    if (label === 0) continue;
    counts[label]!++;
    const bar = Math.floor(table.probability[row]! * confidenceBars);
    confidence[Math.min(confidenceBars - 1, Math.max(0, bar))]!++;
  }
  const classes = [...counts]
    .map((count, number) => ({ label: table.labels.nameOf(number) ?? "", count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1));
  const others = classes.slice(shownClasses);
  return {
    classes: classes.slice(0, shownClasses),
    otherClasses: others.length,
    otherCount: others.reduce((sum, { count }) => sum + count, 0),
    confidence,
    failed,
  };
}
