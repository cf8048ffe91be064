import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { makeUpRun } from "../support/made-up-run.js";
import { makePhotos } from "../support/photos.js";

/** A key that would run a script wherever it is not escaped. */
export const hostileKey = "<img src=x onerror=window.hacked=1>.jpg";

const labels = ["alp", "espresso", 'label "with" <b>marks</b>', "tabby, tabby cat"];
const imageCount = 150;
const batchImages = 40;
export const galleryModels = ["model-a", "model-b"];

/** A finished run of two models over real photos, with failures and disagreements, and all its records. */
export async function makeGallery(
  dir: string,
): Promise<{ run: string; records: Prediction[]; originals: Map<string, Buffer> }> {
  const input = join(dir, "gallery-in");
  await mkdir(input, { recursive: true });
  const photos = await makePhotos({ count: 20, widthPx: 400, heightPx: 300, seed: 3 });
  const originals = new Map<string, Buffer>();
  const etags = new Map<string, string>();
  for (let i = 0; i < imageCount; i++) {
    const key = keyOf(i);
    const { bytes } = photos[i % photos.length]!;
    await writeFile(join(input, key), bytes);
    const { size, mtimeNs } = await stat(join(input, key), { bigint: true });
    originals.set(key, bytes);
    etags.set(key, `${size}-${mtimeNs}`);
  }
  const record = (i: number, modelId: string): Prediction =>
    recordOf(i, modelId, etags.get(keyOf(i))!, originals.get(keyOf(i))!.length);
  const run = await makeUpRun({
    out: join(dir, "gallery-out"),
    input,
    modelIds: galleryModels,
    images: imageCount,
    batchImages,
    record,
  });
  const records = galleryModels.flatMap((modelId) => Array.from({ length: imageCount }, (_, i) => record(i, modelId)));
  return { run, records, originals };
}

function keyOf(i: number): string {
  return i === 0 ? hostileKey : `photo-${String(i).padStart(4, "0")}.jpg`;
}

function recordOf(i: number, modelId: string, etag: string, sizeBytes: number): Prediction {
  const isFailed = i % 31 === 30;
  const isOther = modelId === "model-b" && i % 7 === 3;
  const best = (i + (isOther ? 1 : 0)) % labels.length;
  // All different, and the first image the least certain of all.
  const probability = Math.round((0.05 + (0.9 * i) / imageCount + (modelId === "model-b" ? 0.002 : 0)) * 1e6) / 1e6;
  return {
    key: keyOf(i),
    etag,
    sizeBytes,
    width: 400,
    height: 300,
    modelId,
    status: isFailed ? "failed" : "ok",
    top: isFailed
      ? null
      : [best, (best + 1) % labels.length].map((index, place) => ({
          index,
          label: labels[index]!,
          probability: place === 0 ? probability : Math.round(((1 - probability) / 3) * 1e6) / 1e6,
        })),
    embedding: null,
    errorCode: isFailed ? (i % 62 === 30 ? "IMAGE_CORRUPT" : "STORE_TIMEOUT") : null,
    errorMessage: isFailed ? "made up" : null,
    retryable: isFailed ? i % 62 !== 30 : null,
    workerId: "nobody",
    pass: 0,
  };
}
