import { runNames } from "@labelfleet/shared/contract/run-names";
import { noneSkipped } from "@labelfleet/shared/contract/skipped";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { expect, test } from "vitest";
import { rangesBetween } from "./list/find-ranges.js";
import { readStatus } from "./status.js";
import { emptyFolder, entriesOf, specOf } from "./test-support/made-up-run.js";

const spec = specOf({ batchImages: 4_000 });

async function endRange(folder: RunFolder, rangeId: string, images: number): Promise<void> {
  const done = { schemaVersion: 1, chunks: 1, images, skipped: noneSkipped() };
  await folder.writeJsonFirst(runNames.rangeDone(rangeId), done);
}

test("without a Redis, what is listed is counted range by range, and the listing is complete when every range is", async () => {
  const { folder } = emptyFolder();
  await folder.writeJsonFirst(runNames.spec, spec);
  expect(await readStatus(folder, null)).toMatchObject({ images: 0, listingComplete: false });
  await folder.writeJsonFirst(runNames.ranges, { schemaVersion: 1, ranges: rangesBetween(["m"]) });
  for (const chunkId of ["r000-000000", "r000-000001", "r001-000000"])
    await folder.writeChunk(chunkId, entriesOf(["a"]));
  // A chunk that is full has 8,000 entries here.
  expect(await readStatus(folder, null)).toMatchObject({ images: 24_000, listingComplete: false });
  await endRange(folder, "r001", 7);
  expect(await readStatus(folder, null)).toMatchObject({ images: 16_007, listingComplete: false });
  await endRange(folder, "r000", 9_000);
  expect(await readStatus(folder, null)).toMatchObject({ images: 9_007, listingComplete: true, isApproximate: true });
});
