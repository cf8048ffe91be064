import { decodeForModels } from "@labelfleet/imaging/decode";
import { expect, it } from "vitest";
import { brokenFiles, makePhotos, samplePhotos } from "./photos.js";

const spec = { inputPx: 224, resizeShortSidePx: 256, interpolation: "bicubic" } as const;
const limits = { maxPixels: 50_000_000 };

it("makes photos of the size asked for, the same for the same seed, different from each other", async () => {
  const options = { count: 15, widthPx: 200, heightPx: 150, seed: 3 };
  const photos = await makePhotos(options);
  expect(new Set(photos.map((photo) => photo.name)).size).toBe(15);
  expect(new Set(photos.map((photo) => photo.bytes.toString("base64"))).size).toBe(15);
  for (const { bytes } of photos) {
    expect(await decodeForModels(bytes, [spec], limits)).toMatchObject({ widthPx: 200, heightPx: 150 });
  }
  expect(await makePhotos(options)).toEqual(photos);
  expect(await makePhotos({ ...options, seed: 4 })).not.toEqual(photos);
});

it("has broken files that are called what they are", async () => {
  for (const { name, bytes, expectedCode } of await brokenFiles()) {
    const code = await decodeForModels(bytes, [spec], limits).then(
      () => "ok",
      (error: { code: string }) => error.code,
    );
    if (expectedCode) expect(code, name).toBe(expectedCode);
    else expect(["ok", "IMAGE_CORRUPT"], name).toContain(code);
  }
});

it("finds the sample photos", async () => {
  const names = (await samplePhotos()).map((photo) => photo.name);
  expect(names).toContain("espresso.jpg");
  expect(names).toHaveLength(12);
});
