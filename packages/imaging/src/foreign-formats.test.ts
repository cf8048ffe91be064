import { describe, expect, it } from "vitest";
import { decodeForModels } from "./decode.js";
import { nameOfForeignFormat } from "./foreign-formats.js";
import { sniffFormat } from "./formats.js";
import { sharp } from "./sharp-setup.js";

const spec = { inputPx: 16, resizeShortSidePx: 16, interpolation: "bicubic" } as const;
const latin1 = (text: string) => Buffer.from(text, "latin1");

/** A file type box, and what may follow it. */
function typed(major: string, compatible: string[], rest = ""): Buffer {
  const box = `ftyp${major}\0\0\0\0${compatible.join("")}`;
  const head = Buffer.alloc(4);
  head.writeUInt32BE(4 + box.length);
  return Buffer.concat([head, latin1(box), latin1(rest), Buffer.alloc(32)]);
}

describe("a format that is not decoded", () => {
  it.each<[string, Buffer]>([
    ["HEIC", typed("heic", ["mif1", "heic"])],
    ["HEIC", typed("heic", ["mif1", "heic", "avif"])],
    ["HEIC", typed("hevc", ["msf1", "hevc", "avis"])],
    ["HEIC", typed("mif1", ["mif1", "heic", "avif"], "infe\0\0\0hvc1")],
    ["Canon CR3 camera raw", typed("crx ", ["crx ", "isom"])],
    ["a video", typed("isom", ["isom", "mp42"])],
    ["BMP", latin1("BM\x36\0\0\0")],
    ["JPEG XL", latin1("\xff\x0a\xfa\x1f")],
    ["JPEG XL", latin1("\0\0\0\x0cJXL \r\n\x87\n")],
    ["JPEG 2000", latin1("\0\0\0\x0cjP  \r\n\x87\n")],
    ["PDF", latin1("%PDF-1.7\n")],
    ["PSD", latin1("8BPS\0\x01")],
    ["SVG", latin1('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ["SVG", latin1('<?xml version="1.0"?>\n<!-- by hand -->\n<svg/>')],
    ["an HTML page", latin1("\n<!DOCTYPE html><html>not found</html>")],
    ["an XML document", latin1('<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>')],
    ["ICO", latin1("\0\0\x01\0\x01\0")],
    ["ICO", latin1("\0\0\x02\0\x01\0")],
    ["TGA", latin1("\0\0\x02\0\0\0\0\0\0\0\0\0")],
    ["TGA", latin1("\0\0\x0a\0\0\0\0\0\0\0\0\0")],
    ["Fujifilm RAF camera raw", latin1("FUJIFILMCCD-RAW 0201")],
    ["a Git LFS pointer", latin1("version https://git-lfs.github.com/spec/v1\n")],
  ])("is named: %s", async (name, bytes) => {
    expect(sniffFormat(bytes)).toBeNull();
    expect(nameOfForeignFormat(bytes)).toBe(name);
    await expect(decodeForModels(bytes, [spec], { maxPixels: 1_000 })).rejects.toMatchObject({
      code: "IMAGE_UNSUPPORTED",
      message: `the image is ${name}, which is not supported (JPEG, PNG, WebP, GIF, AVIF and TIFF are)`,
    });
  });

  it("is called so where nobody knows it", async () => {
    for (const bytes of [latin1("not an image"), latin1("\xff\xd8"), Buffer.alloc(200)]) {
      expect(nameOfForeignFormat(bytes)).toBeNull();
      await expect(decodeForModels(bytes, [spec], { maxPixels: 1_000 })).rejects.toMatchObject({
        message: "the bytes are not JPEG, PNG, WebP, GIF, AVIF or TIFF",
      });
    }
  });
});

describe("AVIF", () => {
  it.each([
    typed("avif", ["mif1"]),
    typed("avis", ["avif", "msf1"]),
    typed("mif1", ["mif1", "avif"]),
    typed("mif1", ["mif1", "avif", "heic"], "infe\0\0\0av01"),
  ])("is known by its brands", (bytes) => {
    expect(sniffFormat(bytes)).toBe("avif");
  });

  it("is read as a still image where it calls itself a sequence, and refused by its name where it has none", async () => {
    const still = await sharp({ create: { width: 64, height: 48, channels: 3, background: "#c81e5a" } })
      .avif()
      .toBuffer();
    const sequence = Buffer.from(still);
    sequence.write("avis", 8, "latin1");
    const options = { maxPixels: 10_000 };
    const [wanted, got] = await Promise.all([still, sequence].map((bytes) => decodeForModels(bytes, [spec], options)));
    expect(Buffer.compare(got!.pixels[0]!, wanted!.pixels[0]!)).toBe(0);
    expect(sequence.toString("latin1", 8, 12)).toBe("avis");
    await expect(decodeForModels(typed("avis", ["avis", "msf1"]), [spec], options)).rejects.toMatchObject({
      code: "IMAGE_UNSUPPORTED",
      message: "the image is an AVIF sequence without a still image, which is not supported",
    });
  });
});
