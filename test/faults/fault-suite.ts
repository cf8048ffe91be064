import { describe, expect, inject, test } from "vitest";
import { faultPhotos } from "./expected.js";
import { type FaultCase, noteResult, runCase } from "./fault-case.js";

/** One test for each case, several at a time: most of their time they wait for a lock to expire or a server to come back. */
export function faultSuite(name: string, cases: FaultCase[]): void {
  describe.concurrent(name, () => {
    for (const faultCase of cases) {
      test(`${faultCase.fault}: the records are those of an undisturbed run`, async () => {
        const expected = new Map(inject("undisturbed"));
        const result = await runCase(faultCase, { photos: await faultPhotos(), expected });
        await noteResult(result);
        expect(result).toMatchObject({ images: expected.size, lost: 0, doubled: 0, different: 0 });
      });
    }
  });
}
