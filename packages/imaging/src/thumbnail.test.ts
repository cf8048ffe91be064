import { expect, test } from "vitest";
import { sharp } from "./sharp-setup.js";
import { makeThumbnail } from "./thumbnail.js";

const limits = { maxPixels: 1_000_000, timeoutMs: 5_000 };

function photo(width: number, height: number) {
  return sharp({ create: { width, height, channels: 3, background: "#336699" } });
}

test("a thumbnail is a new JPEG that fits the side, upright and without metadata", async () => {
  const original = await photo(600, 300)
    .withExif({ IFD0: { Copyright: "secret words" } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const small = await makeThumbnail(original, 100, limits);
  expect(await sharp(small).metadata()).toMatchObject({ format: "jpeg", width: 50, height: 100 });
  expect((await sharp(small).metadata()).exif).toBeUndefined();
  expect(small.includes("secret words")).toBe(false);
});

test("a small image is not enlarged", async () => {
  const small = await makeThumbnail(await photo(8, 4).png().toBuffer(), 100, limits);
  expect(await sharp(small).metadata()).toMatchObject({ width: 8, height: 4, channels: 3 });
});

test.each([8, 800])("transparent pixels of an image of %i px are as the network sees them", async (side) => {
  const colour = { r: 200, g: 40, b: 90, alpha: 0 };
  const create = { width: side, height: side, channels: 4, background: colour } as const;
  const png = await sharp({ create }).png().toBuffer();
  for (const [background, seen] of [
    [null, [200, 40, 90]],
    ["#102030", [16, 32, 48]],
  ] as const) {
    const small = await sharp(await makeThumbnail(png, 100, { ...limits, background }))
      .raw()
      .toBuffer();
    for (const [i, value] of seen.entries()) expect(Math.abs(small[i]! - value), `${background}`).toBeLessThan(6);
  }
});

test("an image whose decoding takes more memory than it may is refused", async () => {
  const webp = await photo(600, 300).webp().toBuffer();
  const options = { ...limits, maxDecodeBytes: 1_000_000 };
  await expect(makeThumbnail(webp, 100, options)).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
  await expect(makeThumbnail(await photo(600, 300).jpeg().toBuffer(), 100, options)).resolves.toBeDefined();
});

test("what is no image of ours, or too large a one, is refused", async () => {
  await expect(makeThumbnail(Buffer.from("<svg/>"), 100, limits)).rejects.toMatchObject({ code: "IMAGE_UNSUPPORTED" });
  await expect(makeThumbnail(Buffer.alloc(0), 100, limits)).rejects.toMatchObject({ code: "IMAGE_EMPTY" });
  const large = await photo(1_200, 1_000).png().toBuffer();
  await expect(makeThumbnail(large, 100, limits)).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
  const cut = (await photo(600, 300).png().toBuffer()).subarray(0, 120);
  await expect(makeThumbnail(cut, 100, limits)).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
});
