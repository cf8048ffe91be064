import { expect, it } from "vitest";
import { plainJpegSize } from "./jpeg-size.js";
import { sharp } from "./sharp-setup.js";
import { withExifBehindFrame } from "./test-support/late-exif.js";

const image = sharp({ create: { width: 321, height: 123, channels: 3, background: "#369" } });

it("reads the size of baseline and progressive JPEGs", async () => {
  for (const progressive of [false, true]) {
    const bytes = await image.clone().jpeg({ progressive }).toBuffer();
    expect(plainJpegSize(bytes)).toEqual({ widthPx: 321, heightPx: 123 });
  }
});

it("leaves images with EXIF data to the decoder, wherever they stand", async () => {
  const bytes = await image.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer();
  expect(plainJpegSize(bytes)).toBeNull();
  expect(plainJpegSize(withExifBehindFrame(bytes))).toBeNull();
});

it("leaves whatever breaks off or makes no sense to the decoder", async () => {
  const bytes = await image.clone().jpeg().toBuffer();
  const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
  for (let length = 0; length < scan + 4; length++)
    expect(plainJpegSize(bytes.subarray(0, length)), `${length}`).toBeNull();
  const looping = Buffer.from(bytes);
  looping.writeUInt16BE(0, 4);
  expect(plainJpegSize(looping)).toBeNull();
  expect(plainJpegSize(Buffer.alloc(5_000, 0xff))).toBeNull();
});
