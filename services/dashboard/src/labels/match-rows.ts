import type { LabelTable } from "./label-table.js";

/** Which records are wanted; null means any. */
export interface LabelFilter {
  modelId: string | null;
  /** The most probable label. */
  label: string | null;
  /** Bounds of its probability, both included; of failed records neither holds. */
  minProbability: number | null;
  maxProbability: number | null;
  status: "ok" | "failed" | null;
  errorCode: string | null;
  /** Only images to which this other model gives another label. */
  disagreesWith: string | null;
}

export const noFilter: LabelFilter = {
  modelId: null,
  label: null,
  minProbability: null,
  maxProbability: null,
  status: null,
  errorCode: null,
  disagreesWith: null,
};

/** The rows that match, by model and then in the order of the manifest. */
export function matchRows(table: LabelTable, filter: LabelFilter): Uint32Array {
  const { label, probability, code } = table;
  const wanted = numbersOf(table, filter);
  if (wanted === null) return new Uint32Array();
  const [min, max] = [
    filter.minProbability ?? Number.NEGATIVE_INFINITY,
    filter.maxProbability ?? Number.POSITIVE_INFINITY,
  ];
  const isProbabilityAsked = filter.minProbability !== null || filter.maxProbability !== null;
  const rows = new Uint32Array(table.rows);
  let count = 0;
  for (const shard of table.shards) {
    if (filter.modelId !== null && shard.modelId !== filter.modelId) continue;
    const other = filter.disagreesWith === null ? null : table.find(filter.disagreesWith, shard.batchId);
    if (filter.disagreesWith !== null && (other === null || other === shard || other.rows !== shard.rows)) continue;
    for (let i = 0; i < shard.rows; i++) {
      const row = shard.firstRow + i;
      const isFailed = code[row] !== 0;
      if (wanted.label !== null && label[row] !== wanted.label) continue;
      if (wanted.code !== null && code[row] !== wanted.code) continue;
      if (filter.status !== null && isFailed !== (filter.status === "failed")) continue;
      if (isProbabilityAsked && (isFailed || probability[row]! < min || probability[row]! > max)) continue;
      if (other !== null) {
        // An image that one of the models could not label is no disagreement.
        const otherRow = other.firstRow + i;
        if (isFailed || code[otherRow] !== 0 || label[row] === label[otherRow]) continue;
      }
      rows[count++] = row;
    }
  }
  return rows.slice(0, count);
}

/** The numbers of the names that are asked for; null when one is in no record. */
function numbersOf(table: LabelTable, filter: LabelFilter): { label: number | null; code: number | null } | null {
  const label = filter.label === null ? null : table.labels.numberOf(filter.label);
  const code = filter.errorCode === null ? null : table.codes.numberOf(filter.errorCode);
  const isUnknown = (filter.label !== null && label === null) || (filter.errorCode !== null && code === null);
  return isUnknown ? null : { label, code };
}
