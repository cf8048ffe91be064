import type { CliEnv } from "../support/cli.js";
import { makePhotos, type Photo } from "../support/photos.js";
import type { Said } from "./comparison.js";
import { undisturbedRecords } from "./expected.js";

const differentPhotos = 150;
const undisturbedMs = 300_000;

/** Many small objects out of a few different photos, and what an undisturbed run says of each: what it says of its original. */
export async function clonedPhotos(
  count: number,
  env: CliEnv = {},
): Promise<{ photos: Photo[]; expected: Map<string, Said> }> {
  const originals = await makePhotos({
    count: Math.min(count, differentPhotos),
    widthPx: 64,
    heightPx: 48,
    seed: 1,
  });
  const said = await undisturbedRecords(originals, { env, timeoutMs: undisturbedMs });
  const photos: Photo[] = [];
  const expected = new Map<string, Said>();
  for (let i = 0; i < count; i++) {
    const original = originals[i % originals.length]!;
    const name = `${String(i).padStart(6, "0")}.jpg`;
    photos.push({ name, bytes: original.bytes });
    expected.set(`in/${name}`, { ...said.get(`in/${original.name}`)!, key: `in/${name}` });
  }
  return { photos, expected };
}
