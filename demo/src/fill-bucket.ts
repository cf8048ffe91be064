import { eachOf } from "@labelfleet/shared/each-of";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { brokenFiles, makePhotos, type Photo, samplePhotos } from "@labelfleet/test/support/photos";

/** Short series, so that uploads begin early and Ctrl-C does not wait for all of them. */
const series = Array.from({ length: 9 }, (_, i) => ({
  folder: `series-${i + 1}/`,
  count: 36,
  widthPx: i % 2 === 0 ? 500 : 375,
  heightPx: i % 2 === 0 ? 375 : 500,
  seed: i + 1,
}));
/** Making a photo keeps one core busy. */
const seriesAtOnce = 2;
const uploadsAtOnce = 8;

/** Uploads the demo's photos below `prefix`. Returns how many objects there are, and how many of them are damaged. */
export async function fillBucket(
  store: ObjectStore,
  prefix: string,
  signal: AbortSignal,
): Promise<{ objects: number; damaged: number }> {
  let objects = 0;
  const upload = (folder: string, photos: Photo[]) =>
    eachOf(photos, uploadsAtOnce, async ({ name, bytes }) => {
      signal.throwIfAborted();
      await store.put(`${prefix}${folder}${name}`, bytes);
      objects++;
    });
  const broken = await brokenFiles();
  await upload("broken/", broken);
  await upload("samples/", await samplePhotos());
  await eachOf(series, seriesAtOnce, async ({ folder, ...options }) => {
    signal.throwIfAborted();
    await upload(folder, await makePhotos(options));
  });
  return { objects, damaged: broken.length };
}
