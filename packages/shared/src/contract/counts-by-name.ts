import { z } from "zod";

/** Counts by names from outside, which may be any text: also "constructor" and "__proto__", which a plain object has or obeys. */
export type CountsByName = Record<string, number>;

export function noCounts(): CountsByName {
  return Object.create(null) as CountsByName;
}

export function countUnder(counts: CountsByName, name: string, by = 1): void {
  const before = Object.hasOwn(counts, name) ? counts[name]! : 0;
  Object.defineProperty(counts, name, { value: before + by, writable: true, enumerable: true, configurable: true });
}

/** As zod's record, which would leave out a name such as "__proto__". */
export const countsByNameSchema = z.custom<CountsByName>(isCounts, "expected counts by name");

function isCounts(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((count) => Number.isSafeInteger(count) && count >= 0);
}
