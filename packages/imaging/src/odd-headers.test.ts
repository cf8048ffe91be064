import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeForModels } from "./decode.js";
import { toImageError } from "./decode-errors.js";
import { sharp } from "./sharp-setup.js";

const [widthPx, heightPx] = [40, 30];
const pixels = Buffer.from(Array.from({ length: widthPx * heightPx * 3 }, (_, i) => (i * 7) % 251));
const picture = () => sharp(pixels, { raw: { width: widthPx, height: heightPx, channels: 3 } });

const spec = { inputPx: 24, resizeShortSidePx: 28, interpolation: "bicubic" } as const;
const decode = (bytes: Uint8Array) => decodeForModels(bytes, [spec], { maxPixels: 1_000_000 });
const turnedRight = async () => decode(await picture().rotate(90).png().toBuffer());

type Field = readonly [tag: number, type: 1 | 3 | 4, ...values: number[]];

/** An RGB TIFF of the picture, with further fields; a list of values is bytes. */
function tiff(order: "LE" | "BE", ...further: Field[]): Buffer {
  const behind: Buffer[] = [pixels];
  let end = 8 + pixels.length;
  const put = (values: Buffer) => {
    behind.push(values);
    end += values.length;
    return end - values.length;
  };
  const fields: Field[] = [
    [256, 3, widthPx],
    [257, 3, heightPx],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, 2],
    [273, 4, 8],
    [277, 3, 3],
    [278, 3, heightPx],
    [279, 4, pixels.length],
    ...further,
  ];
  fields.sort(([a], [b]) => a - b);
  const directory = Buffer.alloc(2 + fields.length * 12 + 4);
  const [u16, u32] = [`writeUInt16${order}`, `writeUInt32${order}`] as const;
  directory[u16](fields.length, 0);
  for (const [i, [tag, type, ...values]] of fields.entries()) {
    const at = 2 + i * 12;
    directory[u16](tag, at);
    directory[u16](type, at + 2);
    directory[u32](values.length, at + 4);
    if (values.length > 1) directory[u32](put(Buffer.from(values)), at + 8);
    else directory[type === 3 ? u16 : u32](values[0]!, at + 8);
  }
  const head = Buffer.from(order === "LE" ? "II*\0\0\0\0\0" : "MM\0*\0\0\0\0", "latin1");
  head[u32](end, 4);
  return Buffer.concat([head, ...behind, directory]);
}

async function pngWith(type: string, data: Buffer): Promise<Buffer> {
  const png = await picture().png().toBuffer();
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  const at = type === "CgBI" ? 8 : 33;
  return Buffer.concat([png.subarray(0, at), chunk, png.subarray(at)]);
}

describe("an orientation that the decoder does not see", () => {
  const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>';

  it("of XMP counts in a TIFF that has none of its own, and no further", async () => {
    const packet = [700, 1, ...Buffer.from(xmp)] as const;
    expect(await decode(tiff("LE", packet))).toEqual(await turnedRight());
    expect(await decode(tiff("LE", packet, [274, 3, 1]))).toEqual(await decode(tiff("LE")));
  });

  it("in a raw EXIF profile, as ImageMagick writes it into a PNG, counts", async () => {
    const exif = "4d4d002a000000080001011200030000000100060000\n00000000";
    for (const digits of [`457869660000${exif}`, exif]) {
      const text = Buffer.from(`Raw profile type exif\0\nexif\n      38\n${digits}\n`, "latin1");
      expect(await decode(await pngWith("tEXt", text))).toEqual(await turnedRight());
    }
    const damaged = Buffer.from("Raw profile type exif\0\nexif\n 38\n4d4d002a0000\n", "latin1");
    expect(await decode(await pngWith("tEXt", damaged))).toEqual(await decode(await picture().png().toBuffer()));
  });
});

it.each(["LE", "BE"] as const)("a TIFF whose orientation means nothing is upright (%s)", async (order) => {
  const upright = await decode(await picture().png().toBuffer());
  for (const type of [3, 4] as const) {
    for (const value of [0, 9, 255]) {
      const bytes = tiff(order, [274, type, value]);
      const before = Buffer.from(bytes);
      expect(await decode(bytes)).toEqual(upright);
      expect(bytes.equals(before)).toBe(true);
    }
  }
});

describe("a GIF", () => {
  const screenAt = 6;
  async function gif(): Promise<{ bytes: Buffer; descriptorAt: number }> {
    const bytes = await picture().gif({ effort: 1, dither: 0 }).toBuffer();
    return { bytes, descriptorAt: bytes.indexOf(Buffer.from([0x2c, 0, 0, 0, 0, widthPx, 0, heightPx, 0])) };
  }

  it("whose first frame juts out of the screen has the screen that it needs, as Pillow has it", async () => {
    const { bytes, descriptorAt } = await gif();
    bytes.writeUInt16LE(10, descriptorAt + 1);
    bytes.writeUInt16LE(5, descriptorAt + 3);
    const jutting = await decode(bytes);
    bytes.writeUInt16LE(widthPx + 10, screenAt);
    bytes.writeUInt16LE(heightPx + 5, screenAt + 2);
    expect(jutting).toEqual(await decode(bytes));
  });

  it("without pixels or colours gets no label", async () => {
    const { bytes, descriptorAt } = await gif();
    const empty = Buffer.from(bytes);
    empty.fill(0, descriptorAt + 5, descriptorAt + 7);
    await expect(decode(empty)).rejects.toMatchObject({ code: "IMAGE_CORRUPT" });
    const paletteBytes = 3 * 2 ** ((bytes[10]! & 7) + 1);
    const colourless = Buffer.concat([bytes.subarray(0, 13), bytes.subarray(13 + paletteBytes)]);
    colourless[10]! &= 0x7f;
    await expect(decode(colourless)).rejects.toMatchObject({
      code: "IMAGE_UNSUPPORTED",
      message: "the image is a GIF without a palette, which is not supported",
    });
  });
});

describe("what cannot be read is called by its name", () => {
  it("a JPEG of two components", async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const frameAt = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    const frame = Buffer.from([0xff, 0xc0, 0, 14, 8, 0, heightPx, 0, widthPx, 2, 1, 0x11, 0, 2, 0x11, 0]);
    const behind = jpeg.subarray(frameAt + 2 + jpeg.readUInt16BE(frameAt + 2));
    await expect(decode(Buffer.concat([jpeg.subarray(0, frameAt), frame, behind]))).rejects.toMatchObject({
      code: "IMAGE_UNSUPPORTED",
      message: "the image is a JPEG with 2 components, which is not supported",
    });
  });

  it("Apple's kind of PNG", async () => {
    const error = await decode(await pngWith("CgBI", Buffer.alloc(4))).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "IMAGE_UNSUPPORTED", message: expect.stringContaining("CgBI") });
  });

  it("a TIFF that breaks off", async () => {
    await expect(decode(tiff("LE").subarray(0, 2_000))).rejects.toMatchObject({
      code: "IMAGE_CORRUPT",
      message: "the image cannot be decoded: its header is cut off or damaged",
    });
  });

  it("a PNG with a damaged header", async () => {
    const png = await picture().png().toBuffer();
    png[29]! ^= 1;
    await expect(decode(png)).rejects.toMatchObject({
      code: "IMAGE_CORRUPT",
      message: "the image cannot be decoded: its header is cut off or damaged",
    });
  });

  it("a compression that has no name", async () => {
    const bytes = tiff("LE");
    bytes.writeUInt16LE(777, bytes.indexOf(Buffer.from([3, 1, 3, 0, 1, 0, 0, 0])) + 8);
    await expect(decode(bytes)).rejects.toMatchObject({
      code: "IMAGE_UNSUPPORTED",
      message: "the image is a TIFF with compression 777, which is not supported",
    });
  });

  it("a JPEG feature, in place of what follows from it", () => {
    const said = new Error(
      "VipsJpeg: Corrupt JPEG data: 69 extraneous bytes before marker 0x8f\nVipsJpeg: Unsupported marker type 0x8f",
    );
    expect(toImageError(said, { maxPixels: 1 })).toMatchObject({
      code: "IMAGE_UNSUPPORTED",
      message: "the decoder lacks a feature of this image: VipsJpeg: Unsupported marker type 0x8f",
    });
  });

  it("a damaged AVIF, without the reads that every AVIF causes", async () => {
    const avif = await picture().avif({ effort: 0 }).toBuffer();
    avif.fill(0xff, avif.length - 200);
    const error = await decode(avif).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "IMAGE_CORRUPT", message: expect.stringContaining("heif: ") });
  });
});
