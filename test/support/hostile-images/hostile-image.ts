import type { ErrorCode } from "@labelfleet/shared/errors";

export const formats = ["jpeg", "png", "webp", "gif", "avif", "tiff"] as const;
export type Format = (typeof formats)[number];

/** What was done to a file, or what is odd about it. */
export type Kind =
  | "valid"
  | "truncated"
  | "bit-flips"
  | "dimensions"
  | "bomb"
  | "empty"
  | "zeros"
  | "extension"
  | "metadata"
  | "icc"
  | "garbage";

export interface HostileImage {
  /** Unique; tells format, variant and kind. */
  name: string;
  format: Format;
  kind: Kind;
  bytes: Buffer;
  /** What has to come of it; "failed" is any code, null either, where the damage may leave a readable picture. */
  expected: "ok" | "failed" | ErrorCode | null;
}

/** A whole image that the damage starts from. */
export interface BaseImage {
  format: Format;
  variant: string;
  bytes: Buffer;
  kind: Kind;
}

export const extensionOf: Record<Format, string> = {
  jpeg: "jpg",
  png: "png",
  webp: "webp",
  gif: "gif",
  avif: "avif",
  tiff: "tif",
};
