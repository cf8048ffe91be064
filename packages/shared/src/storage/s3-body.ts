import { Readable } from "node:stream";
import { LabelfleetError } from "../errors.js";

/**
 * Reads a response's body into one buffer with an ArrayBuffer of its own. The SDK's transformToByteArray takes more than
 * twice the CPU for a photo of 100 kB. Rejects when the body breaks off or is not as long as announced, and with
 * OBJECT_TOO_LARGE as soon as it is known to be longer than `maxBytes`; the connection is given up then.
 */
export function readBody(
  body: unknown,
  contentLength: number | undefined,
  maxBytes: number,
  uri: string,
): Promise<Buffer<ArrayBuffer>> {
  if (!(body instanceof Readable)) throw new LabelfleetError("INTERNAL", `the answer for ${uri} has no body`);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const give = (error: Error) => {
      body.destroy();
      reject(error);
    };
    body.on("error", reject);
    body.on("close", () => reject(new Error("the body broke off")));
    if (contentLength !== undefined && contentLength > maxBytes) {
      give(tooLarge(uri, contentLength, maxBytes));
      return;
    }
    body.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) give(tooLarge(uri, sizeBytes, maxBytes));
    });
    body.on("end", () => {
      if (contentLength !== undefined && sizeBytes !== contentLength) {
        reject(new Error(`the body has ${sizeBytes} of ${contentLength} bytes`));
        return;
      }
      resolve(joined(chunks, sizeBytes));
    });
  });
}

/** The handler stops listening to the signal once it has the headers; a body that stalls must end as well. */
export async function untilAborted<T>(signal: AbortSignal, reading: Promise<T>, body: unknown): Promise<T> {
  const stop = () => (body as { destroy?: (error?: Error) => void }).destroy?.();
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

/** Not Buffer.concat: that may use Node's shared pool, whose memory cannot be transferred to another thread. */
function joined(chunks: Buffer[], sizeBytes: number): Buffer<ArrayBuffer> {
  const whole = Buffer.allocUnsafeSlow(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) offset += chunk.copy(whole, offset);
  return whole;
}
