import { seededRandom } from "../random.js";
import { baseImages } from "./base-images.js";
import { bombs } from "./bombs.js";
import { type BaseImage, extensionOf, type Format, formats, type HostileImage } from "./hostile-image.js";
import { structuralPoints } from "./structure.js";
import { withDimensions, wrongDimensions } from "./wrong-dimensions.js";

const flippedPerBase = 20;

/** What may be missing at the end of a whole picture: an end marker, a checksum, padding. */
const endBytes = 20;

/** Files as a hostile or careless owner of a bucket has them. The same seed gives the same files, byte by byte. */
export async function hostileImages(seed: number): Promise<HostileImage[]> {
  const random = seededRandom(seed);
  const bases = await baseImages();
  const find = (format: Format, variant: string) =>
    bases.find((base) => base.format === format && base.variant === variant)!.bytes;
  const made: HostileImage[] = bases.map((base) => ({
    name: `${base.format}-${base.variant}.${extensionOf[base.format]}`,
    format: base.format,
    kind: base.kind,
    bytes: base.bytes,
    expected: "ok",
  }));
  for (const base of bases.filter(({ kind }) => kind === "valid")) {
    made.push(...truncated(base), ...flipped(base, random), ...resized(base));
  }
  made.push(...misnamed(bases), ...withoutImage());
  const whole = { jpeg: find("jpeg", "progressive"), png: find("png", "rgb"), gif: find("gif", "static") };
  for (const { name, format, bytes, expected } of bombs(whole)) {
    made.push({ name: `bomb-${name}.${extensionOf[format]}`, format, kind: "bomb", bytes, expected });
  }
  return made;
}

/** A file without its end must not pass for a picture, unless what is missing is another frame of an animation. */
function truncated({ format, variant, bytes }: BaseImage): HostileImage[] {
  return structuralPoints(bytes, format).map((at) => ({
    name: `${format}-${variant}-cut-${at}.${extensionOf[format]}`,
    format,
    kind: "truncated",
    bytes: bytes.subarray(0, at),
    expected: at < 3 ? "IMAGE_UNSUPPORTED" : variant === "animated" || at >= bytes.length - endBytes ? null : "failed",
  }));
}

/** One bit, a few, or many; at the start, where the structure is, more often than elsewhere. */
function flipped({ format, variant, bytes }: BaseImage, random: () => number): HostileImage[] {
  return Array.from({ length: flippedPerBase }, (_, i) => {
    const damaged = Buffer.from(bytes);
    const bits = [1, 1, 4, 32][i % 4]!;
    const within = i % 2 === 0 ? Math.min(bytes.length, 200) : bytes.length;
    for (let bit = 0; bit < bits; bit++) {
      const at = Math.floor(random() * within);
      damaged[at] = damaged[at]! ^ (1 << Math.floor(random() * 8));
    }
    const name = `${format}-${variant}-flip-${String(i).padStart(2, "0")}.${extensionOf[format]}`;
    return { name, format, kind: "bit-flips", bytes: damaged, expected: null };
  });
}

function resized({ format, variant, bytes }: BaseImage): HostileImage[] {
  return wrongDimensions.flatMap(([widthPx, heightPx]) => {
    const damaged = withDimensions(bytes, format, widthPx, heightPx);
    if (damaged === null) return [];
    const name = `${format}-${variant}-size-${widthPx}x${heightPx}.${extensionOf[format]}`;
    // A PNG's data have to be as many as its head says; other formats have a size in more than one place.
    const expected = format === "png" && widthPx !== 1 ? "failed" : null;
    return [{ name, format, kind: "dimensions" as const, bytes: damaged, expected }];
  });
}

/** Each format under the name of each other: the bytes decide. */
function misnamed(bases: BaseImage[]): HostileImage[] {
  const firsts = formats.map((format) => bases.find((base) => base.format === format)!);
  return firsts.flatMap(({ format, bytes }) =>
    formats
      .filter((other) => other !== format)
      .map((other) => ({
        name: `${format}-named-as.${extensionOf[other]}`,
        format,
        kind: "extension" as const,
        bytes,
        expected: "ok" as const,
      })),
  );
}

function withoutImage(): HostileImage[] {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>';
  return formats.flatMap((format) => {
    const made = (what: string, kind: HostileImage["kind"], bytes: Buffer, expected: HostileImage["expected"]) => ({
      name: `${what}-as.${extensionOf[format]}`,
      format,
      kind,
      bytes,
      expected,
    });
    return [
      made("empty", "empty", Buffer.alloc(0), "IMAGE_EMPTY"),
      made("zeros", "zeros", Buffer.alloc(5_000), "IMAGE_UNSUPPORTED"),
      made("text", "garbage", Buffer.from("This is no image.\n"), "IMAGE_UNSUPPORTED"),
      made("svg", "garbage", Buffer.from(svg), "IMAGE_UNSUPPORTED"),
      made("pdf", "garbage", Buffer.from("%PDF-1.4\n1 0 obj\n<<>>\nendobj\n"), "IMAGE_UNSUPPORTED"),
    ];
  });
}
