import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { plainJpegSize } from "./jpeg-size.js";
import { hasLibjpegTurbo, readJpeg } from "./libjpeg-turbo.js";
import { inputOptions, sharp } from "./sharp-setup.js";

const photo = readFileSync(new URL("../../../samples/china-temple.jpg", import.meta.url));
const hasPrebuilt = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);
const guardBytes = 64;

const small = (width: number, height: number) => sharp(photo).resize(width, height, { fit: "fill" });
const odd = await small(401, 303).jpeg().toBuffer();

/** What was read, or null; nothing may be written behind it. */
function read(bytes: Uint8Array, size = plainJpegSize(bytes) ?? { widthPx: 401, heightPx: 303 }): Uint8Array | null {
  const memory = new Uint8Array(size.widthPx * size.heightPx * 3 + guardBytes).fill(7);
  const pixels = memory.subarray(0, -guardBytes);
  const isRead = readJpeg(bytes, size, pixels);
  expect(memory.subarray(-guardBytes).every((byte) => byte === 7)).toBe(true);
  return isRead ? pixels : null;
}

test.runIf(hasPrebuilt)("there is a library for Linux on x64 and arm64", () => {
  expect(hasLibjpegTurbo).toBe(true);
});

test.runIf(hasLibjpegTurbo).each([
  ["with colours at half size", small(401, 303).jpeg({ chromaSubsampling: "4:2:0" })],
  ["with all colours", small(401, 303).jpeg({ chromaSubsampling: "4:4:4", quality: 97 })],
  ["progressive", small(401, 303).jpeg({ progressive: true })],
  ["with tables of its own", small(222, 517).jpeg({ mozjpeg: true, quality: 60 })],
  ["grey", small(64, 31).toColourspace("b-w").jpeg()],
  ["of one pixel", small(1, 1).jpeg()],
  ["of one row", small(77, 1).jpeg()],
])("a JPEG %s has the pixels that sharp sees", async (_, image) => {
  const bytes = await image.toBuffer();
  const wanted = await sharp(bytes, inputOptions(1_000_000)).toColourspace("srgb").raw().toBuffer();
  expect(Buffer.compare(read(bytes)!, wanted)).toBe(0);
});

test.each([
  ["cut in its header", odd.subarray(0, 100)],
  ["cut in its pixels", odd.subarray(0, odd.length / 2)],
  ["without its end", odd.subarray(0, -2)],
  ["of CMYK", await small(401, 303).toColourspace("cmyk").jpeg().toBuffer()],
  ["that is a PNG", await small(401, 303).png().toBuffer()],
  ["of nothing", new Uint8Array(0)],
])("a JPEG %s is left to another decoder, and the next one is read", (_, bytes) => {
  expect(read(bytes)).toBeNull();
  expect(read(odd) !== null).toBe(hasLibjpegTurbo);
});

test("a JPEG of another size than told is left to another decoder", () => {
  expect(read(odd, { widthPx: 303, heightPx: 401 })).toBeNull();
  expect(read(odd, { widthPx: 802, heightPx: 606 })).toBeNull();
});

test("whatever becomes of a file's bytes, nothing is written behind the pixels", () => {
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
    if (size === null || size.widthPx * size.heightPx > 1_000_000) continue;
    if (read(bytes, size) !== null) readable += 1;
  }
  expect(readable > 0).toBe(hasLibjpegTurbo);
});
