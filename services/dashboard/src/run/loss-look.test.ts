import type { RunReport } from "@labelfleet/shared/contract/run-report";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { expect, test, vi } from "vitest";
import { LossLook } from "./loss-look.js";

const report = { finished: "2026-12-01T00:00:00.000Z" } as RunReport;
const lost = "its manifest is not complete";

function lookAt(readJson: () => Promise<null>): LossLook {
  return new LossLook({ readJson } as unknown as RunFolder, {} as RunSpec);
}

test("a page that asks during the first look is not told that nothing is lost", async () => {
  const readJson = vi.fn(async () => null);
  const look = lookAt(readJson);
  expect(await Promise.all([look.of(report, 0), look.of(report, 1)])).toEqual([lost, lost]);
  expect(await look.of(report, 59_999)).toBe(lost);
  expect(readJson).toHaveBeenCalledTimes(1);
});

test("a look that the store refused is made again, not taken for nothing lost", async () => {
  const readJson = vi.fn(async () => null);
  readJson.mockRejectedValueOnce(new LabelfleetError("STORE_UNAVAILABLE", "503"));
  const look = lookAt(readJson);
  await expect(look.of(report, 0)).rejects.toThrow("503");
  expect(await look.of(report, 1)).toBe(lost);
});
