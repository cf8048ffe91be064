import { isAvif } from "./heif-boxes.js";

/** The formats we decode; everything else is refused before a decoder sees it. */
export type ImageFormat = "jpeg" | "png" | "webp" | "gif" | "avif" | "tiff";

/** Tells a format by its first bytes, never by a name. null for what is none of ours. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 64)).toString("latin1");
  if (head.startsWith("\xff\xd8\xff")) return "jpeg";
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return head.startsWith("CgBI", 12) ? null : "png";
  if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) return "webp";
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "gif";
  if (/^(II[*+]\0|MM\0[*+])/.test(head)) return "tiff";
  return isAvif(bytes) ? "avif" : null;
}

/**
 * Whether the file may have lost its end. A decoder that needs only the middle rows of a photo stops before it would notice.
 * True for some whole files (anything may follow an image's end), so it is a reason to look closer, not a verdict.
 */
export function mayBeCut(bytes: Uint8Array, format: ImageFormat): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // An embedded thumbnail has an end of its own, before the last start of a scan.
  if (format === "jpeg")
    return file.lastIndexOf("\xff\xd9", undefined, "latin1") < file.lastIndexOf("\xff\xda", undefined, "latin1");
  if (format === "png") return file.lastIndexOf("IEND", undefined, "latin1") === -1;
  // Strips and tiles lie anywhere in a TIFF. The other formats are decoded as a whole.
  return format === "tiff";
}
