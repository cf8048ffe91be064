import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makePhotos, type Photo } from "@labelfleet/test/support/photos";

const seed = 1;

/** Photos of one size, made once and kept in .cache/bench. */
export async function benchPhotos(count: number, widthPx: number, heightPx: number): Promise<Photo[]> {
  const cache = fileURLToPath(new URL("../../../.cache/bench/", import.meta.url));
  const folder = join(cache, `photos-${widthPx}x${heightPx}-${count}`);
  const names = await readdir(folder).catch(() => []);
  if (names.length === count) {
    return Promise.all(names.sort().map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })));
  }
  const photos = await makePhotos({ count, widthPx, heightPx, seed });
  await mkdir(folder, { recursive: true });
  await Promise.all(photos.map(({ name, bytes }) => writeFile(join(folder, name), bytes)));
  return photos;
}
