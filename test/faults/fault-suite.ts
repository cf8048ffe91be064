import { describe, expect, inject, test } from "vitest";
import { faultPhotos } from "./expected.js";
import { type FaultCase, runCase } from "./fault-case.js";
import { noteResults } from "./fault-results.js";

/** One test for each case, several at a time: most of their time they wait for a lock to expire or a server to come back. */
export function faultSuite(name: string, cases: FaultCase[]): void {
  describe.concurrent(name, () => {
    for (const faultCase of cases) {
      test(`${faultCase.fault}: the records are those of an undisturbed run`, async () => {
        const expected = new Map(inject("undisturbed"));
        const results = await runCase(faultCase, { photos: await faultPhotos(), expected });
        await noteResults("faults", results);
        for (const result of results) {
          expect(result).toMatchObject({ lost: 0, doubled: 0, different: 0 });
          expect(result.injected, result.fault).toBeGreaterThan(0);
        }
      });
    }
  });
}
