import sharp, { type SharpOptions } from "sharp";

// Settings of the whole process. One thread an image, since images are decoded side by side; no operation cache, since no
// image comes twice; and only the loaders of our formats, since images are hostile (SVG and PDF loaders read other files).
sharp.concurrency(1);
sharp.cache(false);
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: [
    "VipsForeignLoadJpeg",
    "VipsForeignLoadPng",
    "VipsForeignLoadWebp",
    "VipsForeignLoadNsgif",
    "VipsForeignLoadHeif",
    "VipsForeignLoadTiff",
  ],
});

/**
 * How every image is opened. ICC profiles are ignored as the training pipelines do (5.8 ms become about 4 for a photo of
 * 500x375). `error` lets through what decoders only warn of, and fails on truncated files.
 */
export function inputOptions(maxPixels: number): SharpOptions {
  return { ignoreIcc: true, sequentialRead: true, failOn: "error", limitInputPixels: maxPixels, pages: 1 };
}

export { sharp };
