import { Readable } from "node:stream";
import { LabelfleetError } from "../errors.js";

/**
 * Passes the chunks of a response's body on as they come; the SDK's transformToByteArray takes more than twice the CPU for a
 * photo of 100 kB. Resolves at the body's end, or as soon as `take` returns false: nothing more is
 * read then, and the connection is given up. Rejects with what `take` throws, and when the body breaks off.
 */
export function eachChunk(body: unknown, uri: string, take: (chunk: Buffer) => boolean): Promise<void> {
  if (!(body instanceof Readable)) throw new LabelfleetError("INTERNAL", `the answer for ${uri} has no body`);
  return new Promise((resolve, reject) => {
    body.on("error", reject);
    body.on("close", () => reject(new Error("the body broke off")));
    body.on("data", (chunk: Buffer) => {
      try {
        if (take(chunk)) return;
        resolve();
      } catch (error) {
        reject(error);
      }
      body.destroy();
    });
    body.on("end", resolve);
  });
}

/** Reads a whole body into one buffer. Rejects with OBJECT_TOO_LARGE as soon as it is known to be longer than `maxBytes`. */
export async function readBody(
  body: unknown,
  contentLength: number | undefined,
  { maxBytes, uri }: { maxBytes: number; uri: string },
): Promise<Buffer> {
  if (contentLength !== undefined && contentLength > maxBytes) {
    discard(body);
    throw tooLarge(uri, contentLength, maxBytes);
  }
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  await eachChunk(body, uri, (chunk) => {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw tooLarge(uri, sizeBytes, maxBytes);
    return true;
  });
  return Buffer.concat(chunks);
}

/** The connection of a body that nobody reads is given up. */
export function discard(body: unknown): void {
  (body as { destroy?: () => void } | undefined)?.destroy?.();
}

/** The handler stops listening to the signal once it has the headers; a body that stalls must end as well. */
export async function untilAborted<T>(signal: AbortSignal, reading: Promise<T>, body: unknown): Promise<T> {
  const stop = () => discard(body);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await reading;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

export function tooLarge(uri: string, sizeBytes: number, maxBytes: number): LabelfleetError {
  return new LabelfleetError("OBJECT_TOO_LARGE", `${uri} has ${sizeBytes} bytes or more, the limit is ${maxBytes}`);
}
