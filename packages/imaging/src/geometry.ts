import type { PreprocessSpec } from "@labelfleet/models/preprocess-spec";
import type { ImageSize } from "./jpeg-size.js";

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface ResizePlan {
  width: number;
  height: number;
  /** The centre square of the resized image. */
  crop: Box;
}

/** Longer images than this many short sides are very long. */
const longestAspect = 16;
/** Short sides that are kept of such an image; the crop needs one, and the resize a few pixels around it. */
const keptAspect = 4;

/**
 * The resize and crop of torchvision's `Resize(short side)` and `CenterCrop`: the long side is truncated to whole pixels,
 * the crop's corner rounded half to even as Python does. An image that is smaller than the crop is enlarged.
 */
export function planResize(size: ImageSize, spec: PreprocessSpec): ResizePlan {
  // A card may ask for a crop that is larger than its short side; then the crop decides.
  const shortPx = Math.max(spec.resizeShortSidePx, spec.inputPx);
  if (spec.squash) return { width: shortPx, height: shortPx, crop: centre(shortPx, shortPx, spec.inputPx) };
  const { widthPx, heightPx } = size;
  const isWide = widthPx >= heightPx;
  const longPx = Math.trunc((shortPx * Math.max(widthPx, heightPx)) / Math.min(widthPx, heightPx));
  const width = isWide ? longPx : shortPx;
  const height = isWide ? shortPx : longPx;
  return { width, height, crop: centre(width, height, spec.inputPx) };
}

function centre(width: number, height: number, sidePx: number): Box {
  const left = roundHalfToEven((width - sidePx) / 2);
  const top = roundHalfToEven((height - sidePx) / 2);
  return { left, top, width: sidePx, height: sidePx };
}

/**
 * The middle of a very long image, which a resizer that makes all of the resized image may take for the whole: what is cut
 * off lies far outside of the centre crop. null for other images.
 */
export function centralPart({ widthPx, heightPx }: ImageSize): Box | null {
  const shortPx = Math.min(widthPx, heightPx);
  if (Math.max(widthPx, heightPx) <= shortPx * longestAspect) return null;
  const width = Math.min(widthPx, keptLength(widthPx, shortPx));
  const height = Math.min(heightPx, keptLength(heightPx, shortPx));
  return { left: (widthPx - width) / 2, top: (heightPx - height) / 2, width, height };
}

/** Of the same parity as the whole length, so that the part lies in its very middle. */
function keptLength(wholePx: number, shortPx: number): number {
  const keptPx = shortPx * keptAspect;
  return (wholePx - keptPx) % 2 === 0 ? keptPx : keptPx + 1;
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The smallest box that all of them lie in. */
export function around(boxes: readonly Box[]): Box {
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  const right = Math.max(...boxes.map((box) => box.left + box.width));
  const bottom = Math.max(...boxes.map((box) => box.top + box.height));
  return { left, top, width: right - left, height: bottom - top };
}
