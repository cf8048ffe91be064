import type { Prediction } from "@labelfleet/shared/contract/prediction";

/** What one record says, without who wrote it in which pass: the same in every right run. */
export type Said = Omit<Prediction, "workerId" | "pass">;

/** How a run compares with an undisturbed one. */
export interface Comparison {
  images: number;
  lost: number;
  doubled: number;
  different: number;
}

/** What docs/guarantees.md reports of a fault. */
export interface FaultResult extends Comparison {
  fault: string;
  /** How often. */
  injected: number;
}

export function saidOf({ workerId: _, pass: __, ...said }: Prediction): Said {
  return said;
}

export function saidByKey(records: ReadonlyMap<string, Prediction>): Map<string, Said> {
  return new Map([...records].map(([key, record]) => [key, saidOf(record)]));
}

/** A run's records, key by key, against those of an undisturbed one. */
export function compareRecords(
  { records, doubled }: { records: ReadonlyMap<string, Prediction>; doubled: string[] },
  undisturbed: ReadonlyMap<string, Said>,
): Comparison {
  const comparison = { images: records.size, lost: 0, doubled: doubled.length, different: 0 };
  for (const [key, expected] of undisturbed) {
    const record = records.get(key);
    if (record === undefined) comparison.lost++;
    else if (JSON.stringify(saidOf(record)) !== JSON.stringify(expected)) comparison.different++;
  }
  return comparison;
}
