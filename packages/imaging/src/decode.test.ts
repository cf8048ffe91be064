import { readFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeForModels } from "./decode.js";
import { hasLibjpegTurbo } from "./libjpeg-turbo.js";
import { planResampling, resample } from "./resample.js";
import { sharp } from "./sharp-setup.js";
import { withExifBehindFrame } from "./test-support/late-exif.js";

const spec = { inputPx: 224, resizeShortSidePx: 256, interpolation: "bicubic" } as const;
const limits = { maxPixels: 50_000_000 };
const photo = readFileSync(new URL("../../../samples/china-temple.jpg", import.meta.url));

/** Left half red, right half blue, with a green stripe along the top eighth: tells orientation, inversion and channels. */
function flag(width: number, height: number) {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const channel = y < height / 8 ? 1 : x < width / 2 ? 0 : 2;
      data[(y * width + x) * 3 + channel] = 220;
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function pixelAt(pixels: Uint8Array, inputPx: number, x: number, y: number): number[] {
  return [...pixels.subarray((y * inputPx + x) * 3, (y * inputPx + x) * 3 + 3)];
}

function expectNear(actual: number[], expected: number[], tolerance: number): void {
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(actual[i]! - value), `${actual} against ${expected}`).toBeLessThanOrEqual(tolerance);
  }
}

async function codeOf(bytes: Uint8Array, maxPixels = limits.maxPixels): Promise<string> {
  return decodeForModels(bytes, [spec], { maxPixels }).then(
    () => "ok",
    (error: { name: string; code: string; message: string }) => {
      expect(error.name).toBe("LabelfleetError");
      expect(error.message).not.toContain("\n");
      return error.code;
    },
  );
}

describe("decodeForModels", () => {
  it.each(["jpeg", "png", "webp", "gif", "avif", "tiff"] as const)("decodes %s", async (format) => {
    const bytes = await flag(320, 256).toFormat(format).toBuffer();
    const { widthPx, heightPx, pixels } = await decodeForModels(bytes, [spec], limits);
    expect([widthPx, heightPx, pixels.length]).toEqual([320, 256, 1]);
    expect(pixels[0]!.byteLength).toBe(224 * 224 * 3);
    expectNear(pixelAt(pixels[0]!, 224, 20, 150), [220, 0, 0], 12);
    expectNear(pixelAt(pixels[0]!, 224, 200, 150), [0, 0, 220], 12);
    expectNear(pixelAt(pixels[0]!, 224, 112, 3), [0, 220, 0], 12);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("applies EXIF orientation %i", async (orientation) => {
    const upright = await flag(320, 256).png().toBuffer();
    // What a camera stores, so that applying the tag gives the upright image again; each list is done in its order.
    const inverse: Record<number, ("flip" | "flop" | 90 | 180 | 270)[]> = {
      1: [],
      2: ["flop"],
      3: [180],
      4: ["flip"],
      5: [90, "flop"],
      6: [270],
      7: [270, "flop"],
      8: [90],
    };
    let stored = upright;
    for (const step of inverse[orientation]!) {
      const image = sharp(stored);
      stored = await (typeof step === "number" ? image.rotate(step) : image[step]()).png().toBuffer();
    }
    const bytes = await sharp(stored).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    const { widthPx, heightPx, pixels } = await decodeForModels(bytes, [spec], limits);
    expect([widthPx, heightPx]).toEqual([320, 256]);
    expectNear(pixelAt(pixels[0]!, 224, 20, 150), [220, 0, 0], 12);
    expectNear(pixelAt(pixels[0]!, 224, 200, 150), [0, 0, 220], 12);
    expectNear(pixelAt(pixels[0]!, 224, 112, 3), [0, 220, 0], 12);
  });

  it("gives a turned photo the very pixels of the upright one", async () => {
    const upright = await sharp(photo).resize(401, 303).png().toBuffer();
    const stored = await sharp(upright).rotate(270).png().toBuffer();
    const turned = await sharp(stored).withMetadata({ orientation: 6 }).png().toBuffer();
    const [wanted, got] = await Promise.all([upright, turned].map((bytes) => decodeForModels(bytes, [spec], limits)));
    expect(Buffer.compare(got!.pixels[0]!, wanted!.pixels[0]!)).toBe(0);
  });

  it("turns a JPEG whose EXIF data stand behind its frame header", async () => {
    const usual = await sharp(photo).resize(401, 303).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const { widthPx, heightPx, pixels } = await decodeForModels(withExifBehindFrame(usual), [spec], limits);
    expect([widthPx, heightPx]).toEqual([303, 401]);
    expect(Buffer.compare(pixels[0]!, (await decodeForModels(usual, [spec], limits)).pixels[0]!)).toBe(0);
  });

  it.runIf(hasLibjpegTurbo)("decodes an upright JPEG without sharp, and what else there is with it", async () => {
    const small = sharp(photo).resize(401, 303);
    const cases = {
      plain: await small.clone().jpeg().toBuffer(),
      turned: await small.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      cut: (await small.clone().jpeg().toBuffer()).subarray(0, 9_000),
      large: await sharp(photo).resize(1_200, 900).jpeg().toBuffer(),
      endless: await sharp(photo).resize(30_000, 300, { fit: "fill" }).jpeg().toBuffer(),
      png: await small.clone().png().toBuffer(),
    };
    const tasks: Record<string, number> = {};
    for (const [name, bytes] of Object.entries(cases)) {
      let begun = 0;
      const count = () => (begun += 1);
      sharp.queue.on("change", count);
      await decodeForModels(bytes, [spec], limits).catch(() => undefined);
      sharp.queue.off("change", count);
      tasks[name] = begun;
    }
    const without = Object.keys(tasks).filter((name) => tasks[name] === 0);
    expect(without).toEqual(["plain", "large"]);
  });

  it.each([
    [1_800, 100],
    [9_000, 520],
    [1, 60_000],
  ])("gives models the same of a very long image beside each other as alone: %i x %i", async (width, height) => {
    const data = Buffer.alloc(width * height * 3);
    for (let i = 0; i < data.length; i++) data[i] = (i / (data.length / 251)) % 251;
    const long = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const specs = [spec, { ...spec, resizeShortSidePx: 224, squash: true }];
    const beside = await decodeForModels(long, specs, limits);
    for (const [model, one] of specs.entries()) {
      const alone = await decodeForModels(long, [one], limits);
      expect(Buffer.compare(beside.pixels[model]!, alone.pixels[0]!), `${model}`).toBe(0);
    }
  });

  it("turns grey, palette, CMYK and 16-bit images to 8-bit RGB with the right colours", async () => {
    const solid = (r: number, g: number, b: number) =>
      sharp({ create: { width: 300, height: 280, channels: 3, background: { r, g, b } } });
    const grey = await solid(90, 90, 90).toColourspace("b-w").jpeg().toBuffer();
    const greyPng = await solid(90, 90, 90).toColourspace("b-w").png().toBuffer();
    const palette = await solid(200, 30, 90).png({ palette: true }).toBuffer();
    const cmyk = await solid(180, 120, 100).toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer();
    const cmykTiff = await solid(180, 120, 100).toColourspace("cmyk").tiff().toBuffer();
    const deep = await solid(200, 30, 90).toColourspace("rgb16").png().toBuffer();
    const deepGrey = await solid(90, 90, 90).toColourspace("grey16").png().toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    expect((await sharp(deep).metadata()).depth).toBe("ushort");
    const cases: [Buffer, number[], number][] = [
      [grey, [90, 90, 90], 2],
      [greyPng, [90, 90, 90], 1],
      [palette, [200, 30, 90], 6],
      // Not what the inks were made of with a colour profile, which nobody has when they are read.
      [cmyk, [179, 102, 91], 4],
      [cmykTiff, [179, 102, 91], 4],
      [deep, [200, 30, 90], 1],
      [deepGrey, [90, 90, 90], 1],
    ];
    for (const [bytes, expected, tolerance] of cases) {
      const { pixels } = await decodeForModels(bytes, [spec], limits);
      expect(pixels[0]!.byteLength).toBe(224 * 224 * 3);
      expectNear(pixelAt(pixels[0]!, 224, 100, 100), expected, tolerance);
      const several = await decodeForModels(bytes, [spec, { ...spec, inputPx: 240 }], limits);
      expectNear(pixelAt(several.pixels[1]!, 240, 100, 100), expected, tolerance);
    }
  });

  it.each([300, 900])("sees transparent pixels of %i px in their own colours, or on a background", async (side) => {
    const half = { r: 200, g: 100, b: 50, alpha: 0.5 };
    const image = sharp({ create: { width: side, height: side, channels: 4, background: half } });
    for (const bytes of [
      await image.clone().png().toBuffer(),
      await image.clone().webp({ lossless: true }).toBuffer(),
    ]) {
      for (const [background, expected] of [
        [null, [200, 100, 50]],
        ["#000000", [100, 50, 25]],
        ["#ffffff", [228, 178, 153]],
      ] as const) {
        const { pixels } = await decodeForModels(bytes, [spec], { ...limits, background });
        expectNear(pixelAt(pixels[0]!, 224, 100, 100), [...expected], 2);
      }
    }
  });

  it.each([512, 700, 2_000])("gives a lossless WebP of %i px the pixels of the same PNG", async (side) => {
    const image = sharp(photo).resize(side, Math.round(side * 0.8), { fit: "fill" });
    const png = await image.clone().png({ compressionLevel: 1 }).toBuffer();
    const webp = await image.clone().webp({ lossless: true, effort: 0 }).toBuffer();
    const [wanted, got] = await Promise.all([png, webp].map((bytes) => decodeForModels(bytes, [spec], limits)));
    expect(Buffer.compare(got!.pixels[0]!, wanted!.pixels[0]!)).toBe(0);
  });

  it("takes the first frame of an animation", async () => {
    const frames = Buffer.concat([Buffer.alloc(300 * 260 * 3, 200), Buffer.alloc(300 * 260 * 3, 20)]);
    const gif = sharp(frames, { raw: { width: 300, height: 520, channels: 3, pageHeight: 260 } });
    for (const bytes of [await gif.clone().gif().toBuffer(), await gif.clone().webp().toBuffer()]) {
      expect((await sharp(bytes).metadata()).pages).toBe(2);
      const { widthPx, heightPx, pixels } = await decodeForModels(bytes, [spec], limits);
      expect([widthPx, heightPx]).toEqual([300, 260]);
      expectNear(pixelAt(pixels[0]!, 224, 100, 200), [200, 200, 200], 3);
    }
  });

  it.each([
    [1, 1],
    [1, 5000],
    [5000, 1],
    [3, 40],
    [225, 17],
    [4000, 3000],
  ])("decodes %i x %i", async (width, height) => {
    const bytes = await sharp({ create: { width, height, channels: 3, background: "#c81e5a" } })
      .png()
      .toBuffer();
    const decoded = await decodeForModels(bytes, [spec, { ...spec, inputPx: 260, resizeShortSidePx: 290 }], limits);
    expect([decoded.widthPx, decoded.heightPx]).toEqual([width, height]);
    expectNear(pixelAt(decoded.pixels[0]!, 224, 112, 112), [200, 30, 90], 1);
    expectNear(pixelAt(decoded.pixels[1]!, 260, 0, 259), [200, 30, 90], 1);
    const alone = await decodeForModels(bytes, [spec], limits);
    expectNear(pixelAt(alone.pixels[0]!, 224, 223, 0), [200, 30, 90], 1);
  });

  it("gives one model the same pixels alone and beside another, for a photo that is not much larger than its input", async () => {
    const small = await sharp(photo).resize(500, 375).jpeg().toBuffer();
    const other = { inputPx: 260, resizeShortSidePx: 290, interpolation: "bilinear" } as const;
    const both = await decodeForModels(small, [other, spec], limits);
    const alone = await decodeForModels(small, [spec], limits);
    expect(Buffer.compare(both.pixels[1]!, alone.pixels[0]!)).toBe(0);
    expect(both.pixels[0]!.byteLength).toBe(260 * 260 * 3);
  });

  it.each([
    [600, 450],
    [767, 1_024],
    [1_025, 769],
    [1_281, 961],
    [1_707, 1_281],
    [2_305, 1_729],
    [3_073, 2_305],
    [4_000, 3_000],
  ])("brings a photo of %i x %i near to what all of its pixels give", async (width, height) => {
    const bytes = await sharp(photo).resize(width, height, { fit: "cover" }).jpeg().toBuffer();
    const { data: rgb } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    for (const model of [spec, { ...spec, resizeShortSidePx: 224, squash: true }]) {
      const exact = new Uint8Array(3 * spec.inputPx ** 2);
      const size = { widthPx: width, heightPx: height };
      resample(rgb, { left: 0, top: 0, width, height }, planResampling(size, model), exact);
      const { pixels } = await decodeForModels(bytes, [model], limits);
      const differences = pixels[0]!.map((value, i) => Math.abs(value - exact[i]!));
      expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(2.5);
    }
  });

  // A JPEG is shrunk by its decoder, a PNG by sharp.
  it.each(["jpeg", "png"] as const)(
    "brings a large %s near to the same pixels alone and beside another",
    async (format) => {
      const large = await sharp(photo).resize(2400).toFormat(format).toBuffer();
      const both = await decodeForModels(large, [{ ...spec, inputPx: 260, resizeShortSidePx: 290 }, spec], limits);
      const alone = await decodeForModels(large, [spec], limits);
      const differences = both.pixels[1]!.map((value, i) => Math.abs(value - alone.pixels[0]![i]!));
      expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(3);
    },
  );

  it("gives pixels that can be transferred", async () => {
    const { pixels } = await decodeForModels(photo, [spec, spec], limits);
    const moved = structuredClone(pixels, { transfer: pixels.map((array) => array.buffer) });
    expect(moved[1]!.byteLength).toBe(224 * 224 * 3);
    expect(pixels[0]!.byteLength).toBe(0);
  });

  it("calls empty bytes IMAGE_EMPTY", async () => {
    expect(await codeOf(new Uint8Array(0))).toBe("IMAGE_EMPTY");
  });

  it("calls everything that is not one of its formats IMAGE_UNSUPPORTED, also formats that the library could read", async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>';
    const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypheic\0\0\0\0mif1heic"), Buffer.alloc(99)]);
    for (const text of [
      "not an image",
      svg,
      `<?xml version="1.0"?>${svg}`,
      "%PDF-1.7\n",
      "BM0000",
      "P6 1 1 255 abc",
      "\xff\xd8",
    ]) {
      expect(await codeOf(Buffer.from(text, "latin1")), text).toBe("IMAGE_UNSUPPORTED");
    }
    expect(await codeOf(heic)).toBe("IMAGE_UNSUPPORTED");
    // Behind the sniffing, the loader itself is closed.
    await expect(sharp(Buffer.from(svg)).metadata()).rejects.toThrow();
  });

  it.each(["jpeg", "png", "webp", "gif", "avif", "tiff"] as const)(
    "calls a truncated %s corrupt, wherever it breaks off",
    async (format) => {
      // Upright, so that the last rows lie outside of the crop.
      const whole = await sharp(photo).resize(300, 600, { fit: "cover" }).toFormat(format).toBuffer();
      expect(await codeOf(whole)).toBe("ok");
      for (const share of [0.02, 0.3, 0.6, 0.9]) {
        const cut = whole.subarray(0, Math.max(20, Math.floor(whole.length * share)));
        expect(await codeOf(cut), `${share}`).toBe("IMAGE_CORRUPT");
      }
    },
  );

  it("answers random damage with a code of its own, or pixels, never with anything else", async () => {
    const whole = await sharp(photo).resize(300, 200).jpeg().toBuffer();
    let seed = 7;
    for (let round = 0; round < 60; round++) {
      const damaged = Buffer.from(whole);
      for (let i = 0; i < 5; i++) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        damaged[3 + (seed % (round < 30 ? 600 : damaged.length - 3))] = seed % 251;
      }
      expect(["ok", "IMAGE_CORRUPT", "IMAGE_UNSUPPORTED", "IMAGE_TOO_LARGE"]).toContain(await codeOf(damaged));
    }
  });

  it("refuses more pixels than the limit before it decodes them", async () => {
    const bomb = await sharp({ create: { width: 12_000, height: 12_000, channels: 3, background: "#000" } })
      .png()
      .toBuffer();
    expect(await codeOf(bomb, 100_000_000)).toBe("IMAGE_TOO_LARGE");
    for (const format of ["jpeg", "png", "webp", "gif", "avif", "tiff"] as const) {
      const bytes = await flag(320, 256).toFormat(format).toBuffer();
      expect(await codeOf(bytes, 320 * 256 - 1), format).toBe("IMAGE_TOO_LARGE");
      expect(await codeOf(bytes, 320 * 256), format).toBe("ok");
    }
  });

  it("takes a longer time limit than sharp does", async () => {
    const bytes = await flag(320, 256).png().toBuffer();
    await expect(decodeForModels(bytes, [spec], { ...limits, timeoutMs: 7_200_000 })).resolves.toMatchObject({
      widthPx: 320,
    });
  });

  it("stops a decode that takes longer than its time", async () => {
    // 1.8 billion black pixels, of which a core decodes 200 to 600 million a second.
    const bytes = blackPng(30_000, 60_000);
    const error = await decodeForModels(bytes, [spec], { maxPixels: 2e9, timeoutMs: 1_000 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "DECODE_TIMEOUT", message: "not decoded within 1000 ms" });
  }, 60_000);
});

/** One bit a pixel, written here because a picture of that size takes long to encode. */
function blackPng(width: number, height: number): Buffer {
  const chunk = (type: string, body: Buffer) => {
    const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type), body, Buffer.alloc(4)]);
    bytes.writeUInt32BE(body.length, 0);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
    return bytes;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 1;
  const data = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height), { level: 1 });
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}
