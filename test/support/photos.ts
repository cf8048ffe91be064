import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ErrorCode } from "@labelfleet/shared/errors";
import sharp from "sharp";
import { seededRandom } from "./random.js";

export interface Photo {
  /** A file name, unique within its list. */
  name: string;
  bytes: Buffer;
}

export interface BrokenFile extends Photo {
  /** What labelfleet calls it; null where the damage may leave a readable image. */
  expectedCode: ErrorCode | null;
}

export interface MakePhotosOptions {
  count: number;
  widthPx: number;
  heightPx: number;
  /** The same seed gives the same photos. */
  seed: number;
}

/** The repository's sample photos, by name. */
export async function samplePhotos(): Promise<Photo[]> {
  const folder = samplesFolder();
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jpg")).sort();
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })));
}

/** Crops, flips and scales of the sample photos, encoded anew as JPEG. Names start with the sample's. */
export async function makePhotos(options: MakePhotosOptions): Promise<Photo[]> {
  const samples = await Promise.all((await samplePhotos()).map(withSize));
  const random = seededRandom(options.seed);
  const photos: Photo[] = [];
  for (let i = 0; i < options.count; i++) {
    const sample = samples[i % samples.length]!;
    photos.push({
      name: `${sample.name.replace(".jpg", "")}-${String(i).padStart(5, "0")}.jpg`,
      bytes: await vary(sample, options, random),
    });
  }
  return photos;
}

/** Files that a real bucket has too: empty, cut, misnamed, damaged. */
export async function brokenFiles(): Promise<BrokenFile[]> {
  const [sample] = await samplePhotos();
  const whole = sample!.bytes;
  const flipped = Buffer.from(whole);
  const random = seededRandom(1);
  // In the compressed data: decoders often go on with a grey or shifted picture.
  for (let i = 0; i < 40; i++) {
    const at = Math.floor(whole.length / 2 + (random() * whole.length) / 3);
    flipped[at] = flipped[at]! ^ (1 << Math.floor(random() * 8));
  }
  const pngHeader = Buffer.from("89504e470d0a1a0a0000000d49484452000001f400000177080200000044b448dd", "hex");
  return [
    { name: "broken-empty.jpg", bytes: Buffer.alloc(0), expectedCode: "IMAGE_EMPTY" },
    {
      name: "broken-truncated.jpg",
      bytes: whole.subarray(0, Math.floor(whole.length * 0.4)),
      expectedCode: "IMAGE_CORRUPT",
    },
    {
      name: "broken-text.jpg",
      bytes: Buffer.from("This is a text file, not a photo.\n"),
      expectedCode: "IMAGE_UNSUPPORTED",
    },
    { name: "broken-header-only.png", bytes: pngHeader, expectedCode: "IMAGE_CORRUPT" },
    { name: "broken-bit-flips.jpg", bytes: flipped, expectedCode: null },
  ];
}

type SizedPhoto = Photo & { widthPx: number; heightPx: number };

async function withSize(photo: Photo): Promise<SizedPhoto> {
  const { width, height } = await sharp(photo.bytes).metadata();
  return { ...photo, widthPx: width, heightPx: height };
}

async function vary(sample: SizedPhoto, options: MakePhotosOptions, random: () => number): Promise<Buffer> {
  // The largest part of the sample with the wanted shape, then 60 to 100 % of that, somewhere.
  const aspect = options.widthPx / options.heightPx;
  const widest = Math.min(sample.widthPx, sample.heightPx * aspect);
  const width = Math.floor(widest * (0.6 + 0.4 * random()));
  const height = Math.min(sample.heightPx, Math.max(1, Math.round(width / aspect)));
  const left = Math.floor(random() * (sample.widthPx - width + 1));
  const top = Math.floor(random() * (sample.heightPx - height + 1));
  const image = sharp(sample.bytes).extract({ left, top, width, height });
  if (random() < 0.5) image.flop();
  const quality = 82 + Math.floor(random() * 14);
  return image.resize(options.widthPx, options.heightPx, { fit: "fill" }).jpeg({ quality }).toBuffer();
}

/** The same both from the sources and from dist. */
function samplesFolder(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); dir !== dirname(dir); dir = dirname(dir)) {
    const folder = join(dir, "samples");
    if (existsSync(join(folder, "espresso.jpg"))) return folder;
  }
  throw new Error("the repository's samples folder is missing");
}
