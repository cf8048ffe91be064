import { LabelfleetError } from "@labelfleet/shared/errors";

/** What sharp throws about an image, as one of ours: one line, without the decoder's repetitions. */
export function toImageError(error: unknown, limits: { maxPixels: number; timeoutMs?: number }): LabelfleetError {
  if (error instanceof LabelfleetError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("exceeds pixel limit")) {
    return new LabelfleetError("IMAGE_TOO_LARGE", `the image has more than ${limits.maxPixels} pixels`, {
      cause: error,
    });
  }
  // sharp's words for its own time limit: "timeout: 37% complete".
  if (/(^|: )timeout: \d+% complete/.test(message)) {
    return new LabelfleetError("DECODE_TIMEOUT", `not decoded within ${limits.timeoutMs} ms`, { cause: error });
  }
  const reason = reasonIn(message)
    .replace(/[^\x20-\x7e]/g, "?")
    .replace(/[:\s]+$/, "")
    .slice(0, 160);
  // "unsupported image format" is what the library calls a header that breaks off; the format was told before.
  if (unsupported.test(message)) {
    return new LabelfleetError("IMAGE_UNSUPPORTED", `the decoder lacks a feature of this image: ${reason}`, {
      cause: error,
    });
  }
  return new LabelfleetError("IMAGE_CORRUPT", `the image cannot be decoded: ${reason}`, { cause: error });
}

/** What the libraries say beside the reason: reads behind the end of AVIF's bytes, which they always try, and sharp's own reaction. */
const besides = /^(source: bad seek to \d+|Warning treated as error due to failOn setting)$/;

/** What sharp says of a header that no library can read. */
const vague = new Set([
  "Input buffer contains unsupported image format",
  "Input buffer has corrupt header",
  "Unknown error",
]);

const unsupported = /(unsupported|not supported|not implemented)(?! image format)/i;

/** The line that names a feature, else the first that gives a reason. */
function reasonIn(message: string): string {
  const lines = message.replace(/^Input buffer has corrupt header: /, "").split("\n");
  const reasons = lines.filter((line) => line !== "" && !besides.test(line));
  const reason = reasons.find((line) => unsupported.test(line)) ?? reasons[0] ?? lines[0] ?? "";
  return vague.has(reason) ? "its header is cut off or damaged" : reason;
}
