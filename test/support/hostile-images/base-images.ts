import sharp, { type Sharp } from "sharp";
import type { BaseImage, Format, Kind } from "./hostile-image.js";
import { withApp1, withIccProfile, withPngText } from "./metadata.js";

const widthPx = 48;
const heightPx = 32;

/** A picture with edges and gradients in every channel, so that damage shows. */
function picture(channels: 1 | 3 | 4 = 3): Sharp {
  const data = Buffer.alloc(widthPx * heightPx * channels);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      for (let c = 0; c < channels; c++) {
        data[(y * widthPx + x) * channels + c] = c === 3 ? 128 : (x * (5 - c) + y * (c + 1) + (x > 20 ? 90 : 0)) & 255;
      }
    }
  }
  return sharp(data, { raw: { width: widthPx, height: heightPx, channels } });
}

/** Frames below each other, as sharp takes animations. */
function animation(frames: number): Sharp {
  const data = Buffer.alloc(widthPx * heightPx * frames * 3);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7 + Math.floor(i / 4608) * 40) & 255;
  return sharp(data, { raw: { width: widthPx, height: heightPx * frames, channels: 3, pageHeight: heightPx } });
}

/** One whole image of every sort that real buckets have. The same on every call. */
export async function baseImages(): Promise<BaseImage[]> {
  const made: BaseImage[] = [];
  const add = async (format: Format, variant: string, image: Sharp | Buffer, kind: Kind = "valid") => {
    made.push({ format, variant, kind, bytes: Buffer.isBuffer(image) ? image : await image.toBuffer() });
  };
  const jpeg = await picture().jpeg({ quality: 85 }).toBuffer();
  await add("jpeg", "baseline", jpeg);
  await add("jpeg", "progressive", picture().jpeg({ progressive: true }));
  await add("jpeg", "444", picture().jpeg({ chromaSubsampling: "4:4:4" }));
  await add("jpeg", "grey", picture(1).toColourspace("b-w").jpeg());
  await add("jpeg", "cmyk", picture().toColourspace("cmyk").jpeg());
  for (let orientation = 1; orientation <= 8; orientation++) {
    await add("jpeg", `exif-${orientation}`, picture().withMetadata({ orientation }).jpeg());
  }
  await add("png", "rgb", picture().png());
  await add("png", "alpha", picture(4).png());
  await add("png", "grey", picture(1).toColourspace("b-w").png());
  await add("png", "palette", picture().png({ palette: true, colours: 16 }));
  await add("png", "16-bit", picture().toColourspace("rgb16").png());
  await add("png", "interlaced", picture().png({ progressive: true }));
  await add("webp", "lossy", picture().webp());
  await add("webp", "lossless", picture().webp({ lossless: true }));
  await add("webp", "alpha", picture(4).webp());
  await add("webp", "animated", animation(3).webp({ delay: [50, 50, 50] }));
  await add("gif", "static", picture().gif());
  await add("gif", "animated", animation(3).gif({ delay: [50, 50, 50] }));
  await add("avif", "8-bit", picture().avif({ effort: 0 }));
  await add("avif", "alpha", picture(4).avif({ effort: 0 }));
  await add("avif", "lossless", picture().avif({ effort: 0, lossless: true }));
  await add("tiff", "plain", picture().tiff({ compression: "none" }));
  await add("tiff", "lzw", picture().tiff({ compression: "lzw" }));
  await add("tiff", "deflate", picture().tiff({ compression: "deflate", predictor: "horizontal" }));
  await add("tiff", "jpeg", picture().tiff({ compression: "jpeg" }));
  await add("tiff", "tiled", picture().tiff({ compression: "lzw", tile: true, tileWidth: 16, tileHeight: 16 }));
  await add("tiff", "16-bit", picture().toColourspace("rgb16").tiff({ compression: "lzw" }));
  await add("tiff", "cmyk", picture().toColourspace("cmyk").tiff({ compression: "lzw" }));
  await add("tiff", "1-bit", picture(1).threshold(120).toColourspace("b-w").tiff({ bitdepth: 1, compression: "none" }));

  await add("jpeg", "icc-p3", picture().withIccProfile("p3").jpeg(), "icc");
  await add("jpeg", "icc-cmyk-on-rgb", withIccProfile(jpeg, profile("CMYK", 400)), "icc");
  await add("jpeg", "icc-garbage", withIccProfile(jpeg, Buffer.alloc(3_000, 0xa5)), "icc");
  await add("jpeg", "icc-empty", withIccProfile(jpeg, Buffer.alloc(0)), "icc");
  await add("jpeg", "icc-length-lies", withIccProfile(jpeg, profile("RGB ", 0x7fffffff)), "icc");
  await add("png", "icc-p3", picture().withIccProfile("p3").png(), "icc");
  await add("webp", "icc-p3", picture().withIccProfile("p3").webp(), "icc");
  await add("tiff", "icc-p3", picture().withIccProfile("p3").tiff(), "icc");

  await add("jpeg", "exif-huge", withApp1(jpeg, "Exif\0\0", 60_000, 30), "metadata");
  await add("jpeg", "xmp-huge", withApp1(jpeg, "http://ns.adobe.com/xap/1.0/\0", 60_000, 30), "metadata");
  await add("png", "text-huge", withPngText(await picture().png().toBuffer(), 2_000_000), "metadata");
  return made;
}

/** The head of an ICC profile that says this colour space and size, and nothing behind it. */
function profile(colourSpace: string, sizeBytes: number): Buffer {
  const head = Buffer.alloc(400);
  head.writeUInt32BE(sizeBytes, 0);
  head.write("lcms", 4);
  head.writeUInt32BE(0x02400000, 8);
  head.write("mntr", 12);
  head.write(colourSpace, 16);
  head.write("XYZ ", 20);
  head.write("acsp", 36);
  return head;
}
