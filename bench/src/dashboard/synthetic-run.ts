import { copyFile, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { imageNetLabels } from "@labelfleet/models/image-net-labels";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { makeUpRun } from "@labelfleet/test/support/made-up-run";
import { seededRandom } from "@labelfleet/test/support/random";
import { benchPhotos, photoSizes } from "../pipeline/photos.js";

const photoCount = 200;
const batchImages = 1_000;

/** A run of made-up records over a few hundred photos, which its keys name over and over; made once and kept in .cache/bench. */
export async function syntheticRun(records: number): Promise<string> {
  const cache = fileURLToPath(new URL(`../../../.cache/bench/dashboard-${records}/`, import.meta.url));
  const out = join(cache, "out");
  const [known] = await readdir(out).catch(() => []);
  if (known !== undefined) return pathToFileURL(join(out, known)).href;
  const input = join(cache, "in");
  await mkdir(input, { recursive: true });
  const objects: { key: string; etag: string; sizeBytes: number }[] = [];
  const photos = await benchPhotos(photoCount, photoSizes["500x375"]!);
  for (const name of photos.names) {
    await copyFile(join(photos.folder, name), join(input, name));
    const { size, mtimeNs } = await stat(join(input, name), { bigint: true });
    objects.push({ key: name, etag: `${size}-${mtimeNs}`, sizeBytes: Number(size) });
  }
  const labels = (await imageNetLabels()).map(({ label }) => label);
  const random = seededRandom(1);
  const record = (i: number, modelId: string): Prediction => {
    const object = objects[i % objects.length]!;
    const isFailed = random() < 0.002;
    let left = 1;
    const top = Array.from({ length: 5 }, () => {
      const index = Math.floor(random() ** 2 * labels.length);
      const probability = Math.round(left * random() * 1e6) / 1e6;
      left -= probability;
      return { index, label: labels[index]!, probability };
    });
    return {
      ...object,
      width: 500,
      height: 375,
      modelId,
      status: isFailed ? "failed" : "ok",
      top: isFailed ? null : top.sort((a, b) => b.probability - a.probability),
      embedding: null,
      errorCode: isFailed ? "IMAGE_CORRUPT" : null,
      errorMessage: isFailed ? "the image cannot be decoded: made up" : null,
      retryable: isFailed ? false : null,
      workerId: "vm-12345-abcdef",
      pass: 0,
    };
  };
  const modelIds = ["efficientnet-lite0"];
  return makeUpRun({ out, input, modelIds, images: records, batchImages, record });
}
