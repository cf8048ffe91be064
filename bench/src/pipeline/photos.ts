import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makePhotos } from "@labelfleet/test/support/photos";
import type { StageName } from "./stages/stage.js";

const seed = 1;

export interface PhotoSize {
  widthPx: number;
  heightPx: number;
  /** Different photos, unless told. */
  images: number;
  /** Keys that each photo has, so that a run is long enough for V8 to have compiled what there is to compile. */
  copies: number;
  /** Images that each stage alone is measured with. */
  stageImages: Record<Exclude<StageName, "infer">, number>;
}

export const photoSizes: Record<string, PhotoSize> = {
  "500x375": {
    widthPx: 500,
    heightPx: 375,
    images: 2_000,
    copies: 1,
    stageImages: { list: 4_000, fetch: 2_000, decode: 1_000, write: 4_000 },
  },
  "12mp": {
    widthPx: 4_000,
    heightPx: 3_000,
    images: 240,
    copies: 4,
    stageImages: { list: 2_000, fetch: 400, decode: 240, write: 2_000 },
  },
};

export interface BenchPhotos {
  folder: string;
  names: string[];
  meanBytes: number;
}

/** Photos of one size, cropped and re-encoded from samples/ once, and kept in .cache/bench. */
export async function benchPhotos(count: number, { widthPx, heightPx }: PhotoSize): Promise<BenchPhotos> {
  const cache = fileURLToPath(new URL("../../../.cache/bench/", import.meta.url));
  const folder = join(cache, `photos-${widthPx}x${heightPx}-${count}`);
  let names = await readdir(folder).catch(() => []);
  if (names.length !== count) {
    process.stderr.write(`making ${count} photos of ${widthPx}x${heightPx}\n`);
    const photos = await makePhotos({ count, widthPx, heightPx, seed });
    await mkdir(folder, { recursive: true });
    await Promise.all(photos.map(({ name, bytes }) => writeFile(join(folder, name), bytes)));
    names = photos.map(({ name }) => name);
  }
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  const meanBytes = Math.round(sizes.reduce((sum, size) => sum + size, 0) / count);
  return { folder, names: names.sort(), meanBytes };
}
