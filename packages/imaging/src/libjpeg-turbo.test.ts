import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { plainJpegSize } from "./jpeg-size.js";
import { hasLibjpegTurbo, type Shrink, withJpegPixels } from "./libjpeg-turbo.js";
import { inputOptions, sharp } from "./sharp-setup.js";

const photo = readFileSync(new URL("../../../samples/china-temple.jpg", import.meta.url));
const hasPrebuilt = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);
const testFile = (name: string) => readFileSync(new URL(`./test-support/${name}`, import.meta.url));
/**
 * With restart markers, 61 x 43, made from the photo above with Pillow (`subsampling="4:2:2", restart_marker_rows=1`); the
 * drafts beside it are what Pillow 12's `draft` reads of it.
 */
const halfWidthColours = testFile("half-width-colours.jpg");

const small = (width: number, height: number) => sharp(photo).resize(width, height, { fit: "fill" });
const odd = await small(401, 303).jpeg().toBuffer();

/** A copy of the pixels, or null. */
function read(bytes: Uint8Array, size = plainJpegSize(bytes) ?? { widthPx: 401, heightPx: 303 }, shrink: Shrink = 1) {
  return withJpegPixels(bytes, size, shrink, (rgb) => rgb.slice());
}

function shrunkSizeOf(bytes: Uint8Array, shrink: Shrink) {
  return withJpegPixels(bytes, plainJpegSize(bytes)!, shrink, (_, { widthPx, heightPx }) => [widthPx, heightPx]);
}

test.runIf(hasPrebuilt)("there is a library for Linux on x64 and arm64", () => {
  expect(hasLibjpegTurbo).toBe(true);
});

test.runIf(hasLibjpegTurbo).each([
  ["with colours at half size", await small(401, 303).jpeg({ chromaSubsampling: "4:2:0" }).toBuffer()],
  ["with all colours", await small(401, 303).jpeg({ chromaSubsampling: "4:4:4", quality: 97 }).toBuffer()],
  ["progressive", await small(401, 303).jpeg({ progressive: true }).toBuffer()],
  ["with tables of its own", await small(222, 517).jpeg({ mozjpeg: true, quality: 60 }).toBuffer()],
  ["with colours at half width and restarts", halfWidthColours],
  ["grey", await small(64, 31).toColourspace("b-w").jpeg().toBuffer()],
  ["of one pixel", await small(1, 1).jpeg().toBuffer()],
  ["of one row", await small(77, 1).jpeg().toBuffer()],
])("a JPEG %s has the pixels that sharp sees", async (_, bytes) => {
  const wanted = await sharp(bytes, inputOptions(1_000_000)).toColourspace("srgb").raw().toBuffer();
  expect(Buffer.compare((await read(bytes))!, wanted)).toBe(0);
});

test.runIf(hasLibjpegTurbo).each([2, 4, 8] as const)(
  "a JPEG shrunk %i times has the pixels that Pillow drafts",
  async (shrink) => {
    const { data, info } = await sharp(testFile(`half-width-colours-draft-${shrink}.png`))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(await shrunkSizeOf(halfWidthColours, shrink)).toEqual([info.width, info.height]);
    expect(Buffer.compare((await read(halfWidthColours, undefined, shrink))!, data)).toBe(0);
    expect(await shrunkSizeOf(odd, shrink)).toEqual([Math.ceil(401 / shrink), Math.ceil(303 / shrink)]);
  },
);

test.runIf(hasLibjpegTurbo)("a large JPEG is read shrunk, unless it is to be read many times", async () => {
  const large = sharp({ create: { width: 8_000, height: 6_000, channels: 3, background: "#c81e5a" } });
  const [once, tenTimes] = [
    await large.clone().jpeg().toBuffer(),
    await large.clone().jpeg({ progressive: true }).toBuffer(),
  ];
  const smallTenTimes = await small(401, 303).jpeg({ progressive: true }).toBuffer();
  expect(await shrunkSizeOf(once, 8)).toEqual([1_000, 750]);
  // By the same decompressor, which was told of eight scans.
  expect(await shrunkSizeOf(smallTenTimes, 8)).toEqual([51, 38]);
  expect(await shrunkSizeOf(tenTimes, 8)).toBeNull();
  expect(await shrunkSizeOf(once, 1)).toBeNull();
});

test.each([
  ["cut in its header", odd.subarray(0, 100)],
  ["cut in its pixels", odd.subarray(0, odd.length / 2)],
  ["without its end", odd.subarray(0, -2)],
  ["of CMYK", await small(401, 303).toColourspace("cmyk").jpeg().toBuffer()],
  ["that is a PNG", await small(401, 303).png().toBuffer()],
  ["of nothing", new Uint8Array(0)],
])("a JPEG %s is left to another decoder, and the next one is read", async (_, bytes) => {
  expect(await read(bytes)).toBeNull();
  expect((await read(odd)) !== null).toBe(hasLibjpegTurbo);
});

test("a JPEG of another size than told is left to another decoder", async () => {
  expect(await read(odd, { widthPx: 303, heightPx: 401 })).toBeNull();
  expect(await read(odd, { widthPx: 802, heightPx: 606 })).toBeNull();
  expect(await read(odd, { widthPx: 200, heightPx: 151 })).toBeNull();
});

test.runIf(hasLibjpegTurbo)("images that are decoded at once do not share memory", async () => {
  const files = [odd, halfWidthColours, await small(222, 517).jpeg().toBuffer(), odd.subarray(0, 2_000), odd];
  const alone: (Uint8Array | null)[] = [];
  for (const bytes of files) alone.push(await read(bytes));
  const together = await Promise.all(files.map((bytes) => read(bytes)));
  expect(together.map((pixels, i) => pixels && Buffer.compare(pixels, alone[i]!))).toEqual([0, 0, 0, null, 0]);
});

test("what goes wrong in the use of the pixels does not harm the next image", async () => {
  const broken = withJpegPixels(odd, { widthPx: 401, heightPx: 303 }, 1, () => {
    throw new Error("no room");
  });
  if (hasLibjpegTurbo) await expect(broken).rejects.toThrow("no room");
  expect((await read(odd)) !== null).toBe(hasLibjpegTurbo);
});

test("a file whose bytes were changed is read or left to another decoder", async () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  let readable = 0;
  for (let file = 0; file < 500; file++) {
    const bytes = Uint8Array.from(odd);
    for (let change = 0; change < 3; change++) bytes[random(file % 2 === 0 ? 700 : bytes.length)] = random(256);
    const size = plainJpegSize(bytes);
    if (size !== null && (await read(bytes, size)) !== null) readable += 1;
  }
  expect(readable > 0).toBe(hasLibjpegTurbo);
});
