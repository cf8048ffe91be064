import { hasCode, LabelfleetError } from "../errors.js";
import { isComparable, isKnownEtag, unquoted } from "./etag.js";
import { type GetOptions, ownBodyMemory } from "./object-store.js";
import { discard, eachChunk, tooLarge, untilAborted } from "./s3-body.js";
import { oneLine } from "./s3-errors.js";
import type { ReadAnswer, ReadRequest } from "./s3-reader.js";

/** Fewer new bytes than this are no progress, and too few to ask only for the rest. */
const progressBytes = 4 * 1024;

/** A header tells whole seconds, cut or rounded; a listing may tell milliseconds. */
const sameTimeMs = 2_000;

/** Where an answer's body lies in its object. */
interface Place {
  start: number;
  /** Of the whole object; undefined where the store does not say. */
  totalBytes: number | undefined;
  /** Whether it is the whole object, asked for or not. */
  isWhole: boolean;
}

/**
 * The body of one object, read by as many answers as it takes: what an answer brought before it broke off is kept, and the next
 * request asks for the rest (`Range: bytes=N-`, with `If-Match` on the first answer's ETag). Without a strong ETag nothing says that the
 * rest belongs to it, so the body is read anew.
 */
export class ObjectBody {
  readonly #uri: string;
  readonly #options: GetOptions;
  /** The ETag that the caller asks for, where it can be compared. */
  readonly #ifMatch: string | undefined;
  /** Where the body begins in the object, and how many bytes are asked for. */
  readonly #start: number;
  readonly #wantedBytes: number;
  /** Unquoted, of the answer that the bytes here are from. */
  #etag = "";
  #objectBytes: number | undefined;
  #sizeBytes: number | undefined;
  #memory: Buffer<ArrayBuffer> | null = null;
  /** Instead of memory, where the length is not known beforehand. */
  #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #mayResume = true;
  /** The most that was here when `hasProgressed` was asked. */
  #seenBytes = 0;
  /** Of all answers, repetitions included: whether anything comes at all. */
  transferredBytes = 0;

  constructor(uri: string, options: GetOptions) {
    this.#uri = uri;
    this.#options = options;
    this.#ifMatch = isComparable(options.ifMatch ?? "") ? options.ifMatch : undefined;
    this.#start = options.range?.start ?? 0;
    this.#wantedBytes = (options.range?.end ?? Number.POSITIVE_INFINITY) + 1 - this.#start;
  }

  /** Of this body; undefined until it is known. */
  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  /** Whether enough came since the last question to say that going on leads somewhere. */
  hasProgressed(): boolean {
    const isFurther = this.#receivedBytes >= this.#seenBytes + progressBytes;
    this.#seenBytes = Math.max(this.#seenBytes, this.#receivedBytes);
    return isFurther;
  }

  get #isWorthResuming(): boolean {
    const isKnown = this.#objectBytes !== undefined && isKnownEtag(this.#etag, this.#objectBytes);
    return this.#mayResume && isKnown && this.#receivedBytes >= progressBytes;
  }

  /** What is still to be asked for. */
  nextRequest(key: string, signal: AbortSignal): ReadRequest {
    if (!this.#isWorthResuming) this.#startOver();
    const isRest = this.#receivedBytes > 0;
    const ifMatch = this.#ifMatch ?? (isRest ? this.#etag : undefined);
    const { range } = this.#options;
    const start = this.#start + this.#receivedBytes;
    return { key, ifMatch, range: range || isRest ? { start, end: range?.end } : undefined, signal };
  }

  /**
   * Reads an answer to the last request into what is here already.
   *
   * @throws OBJECT_CHANGED when it is from another object than the caller or the bytes here, OBJECT_TOO_LARGE; whatever breaks it off
   */
  async add(answer: ReadAnswer, signal: AbortSignal): Promise<void> {
    let place: Place;
    try {
      // The next attempt may be writing here already.
      signal.throwIfAborted();
      place = this.#accept(answer);
    } catch (error) {
      discard(answer.body);
      throw error;
    }
    let skipBytes = this.#start + this.#receivedBytes - place.start;
    const reading = eachChunk(answer.body, this.#uri, (chunk) => {
      if (signal.aborted) return false;
      this.transferredBytes += chunk.length;
      const skipped = Math.min(skipBytes, chunk.length);
      skipBytes -= skipped;
      this.#take(skipped === 0 ? chunk : chunk.subarray(skipped), place);
      // A store that ignores the range goes on behind its end.
      return !place.isWhole || this.#receivedBytes < this.#wantedBytes;
    });
    await untilAborted(signal, reading, answer.body);
    this.#sizeBytes ??= this.#receivedBytes;
    if (this.#receivedBytes < this.#sizeBytes) {
      throw new Error(`the body has ${this.#receivedBytes} of ${this.#sizeBytes} bytes`);
    }
    if (place.isWhole && place.totalBytes === undefined && this.#options.range === undefined) {
      this.#checkListed(this.#receivedBytes, answer);
    }
  }

  /** An object that was replaced between two answers, where the caller did not ask for a certain one, is read anew. */
  onFailure(error: unknown): unknown {
    if (!hasCode(error, "OBJECT_CHANGED") || this.#ifMatch !== undefined || this.#receivedBytes === 0) return error;
    this.#startOver();
    return new LabelfleetError("STORE_UNAVAILABLE", `${this.#uri} was replaced while it was read`, { cause: error });
  }

  get result(): { body: Buffer<ArrayBuffer>; etag: string; sizeBytes: number } {
    const { takeMemory = ownBodyMemory } = this.#options;
    const body =
      this.#memory ?? joined(this.#chunks, Buffer.from(takeMemory(this.#receivedBytes), 0, this.#receivedBytes));
    return { body, etag: this.#etag, sizeBytes: this.#objectBytes ?? body.length };
  }

  /** Checks where an answer's bytes belong, and makes room for them. */
  #accept(answer: ReadAnswer): Place {
    const etag = unquoted(answer.etag ?? "");
    const { maxBytes = Number.POSITIVE_INFINITY, takeMemory = ownBodyMemory, progress } = this.#options;
    const ifMatch = this.#ifMatch;
    // Some servers ignore If-Match on reads.
    if (ifMatch !== undefined && etag !== ifMatch) throw this.#changed(`it has ${named(etag)}, not ${ifMatch}`);
    const wantedStart = this.#start + this.#receivedBytes;
    const place = placeOf(answer);
    if (place === null || (place.start !== wantedStart && place.start !== 0)) throw this.#confused(answer, wantedStart);
    const isRest = this.#receivedBytes > 0 && place.start === wantedStart;
    if (isRest) {
      if (etag !== this.#etag) throw this.#changed(`it has ${named(etag)}, not ${this.#etag}`);
      if (place.totalBytes !== this.#objectBytes && place.totalBytes !== undefined && this.#objectBytes !== undefined) {
        throw this.#changed(`it has ${place.totalBytes} bytes, not ${this.#objectBytes}`);
      }
    } else {
      this.#startOver();
      this.#etag = etag;
    }
    if (place.totalBytes !== undefined) this.#checkListed(place.totalBytes, answer);
    this.#objectBytes ??= place.totalBytes;
    if (this.#sizeBytes === undefined && this.#objectBytes !== undefined) {
      this.#sizeBytes = Math.max(0, Math.min(this.#wantedBytes, this.#objectBytes - this.#start));
    }
    const expectedBytes = this.#sizeBytes ?? 0;
    if (expectedBytes > maxBytes) throw tooLarge(this.#uri, expectedBytes, maxBytes);
    if (!isRest && this.#sizeBytes !== undefined) {
      this.#memory = Buffer.from(takeMemory(this.#sizeBytes), 0, this.#sizeBytes);
    }
    if (progress && this.#sizeBytes !== undefined) progress.sizeBytes = this.#sizeBytes;
    return place;
  }

  #take(chunk: Buffer, { isWhole }: Place): void {
    const { maxBytes = Number.POSITIVE_INFINITY, progress } = this.#options;
    const roomBytes = Math.min(this.#sizeBytes ?? Number.POSITIVE_INFINITY, this.#wantedBytes) - this.#receivedBytes;
    if (chunk.length > roomBytes && !isWhole) {
      this.#mayResume = false;
      throw new Error(`the body has more than its ${this.#sizeBytes} bytes`);
    }
    const wanted = chunk.length > roomBytes ? chunk.subarray(0, roomBytes) : chunk;
    if (this.#memory === null) this.#chunks.push(wanted);
    else wanted.copy(this.#memory, this.#receivedBytes);
    this.#receivedBytes += wanted.length;
    if (this.#receivedBytes > maxBytes) throw tooLarge(this.#uri, this.#receivedBytes, maxBytes);
    if (progress) progress.receivedBytes = this.#receivedBytes;
  }

  /** What the listing said of the object must be true of what is read, whatever its ETag says. */
  #checkListed(totalBytes: number, { lastModified }: ReadAnswer): void {
    const { listed, ifMatch = "" } = this.#options;
    if (listed === undefined) return;
    let how: string | null = null;
    if (totalBytes !== listed.sizeBytes) how = `it has ${totalBytes} bytes, not ${listed.sizeBytes}`;
    else if (!isKnownEtag(ifMatch, totalBytes)) how = differenceOfTimes(lastModified, listed.lastModifiedMs);
    if (how === null) return;
    // Reading it anew would find the same.
    this.#startOver();
    throw this.#changed(how);
  }

  #startOver(): void {
    this.#receivedBytes = 0;
    this.#memory = null;
    this.#chunks = [];
    this.#sizeBytes = undefined;
    this.#objectBytes = undefined;
  }

  #changed(how: string): LabelfleetError {
    return new LabelfleetError("OBJECT_CHANGED", oneLine(`${this.#uri} was replaced: ${how}`));
  }

  #confused({ contentRange }: ReadAnswer, wantedStart: number): LabelfleetError {
    this.#mayResume = false;
    const what = `asked for the bytes from ${wantedStart}, the store answered with ${contentRange ?? "a part that it does not name"}`;
    return new LabelfleetError("STORE_UNAVAILABLE", oneLine(`cannot get ${this.#uri}: ${what}`));
  }
}

/** Of a part as "bytes 5-99/1234", 5 and 1234. Null for a part that is not told so. */
function placeOf({ status, contentRange, contentLength }: ReadAnswer): Place | null {
  if (status !== 206) return { start: 0, totalBytes: contentLength, isWhole: true };
  const parts = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(contentRange ?? "");
  if (parts === null) return null;
  return { start: Number(parts[1]), totalBytes: parts[2] === "*" ? undefined : Number(parts[2]), isWhole: false };
}

function differenceOfTimes(read: string | Date | undefined, listedMs: number | null | undefined): string | null {
  if (read === undefined || listedMs == null) return null;
  const readMs = new Date(read).getTime();
  if (Number.isNaN(readMs) || Math.abs(readMs - listedMs) < sameTimeMs) return null;
  const [now, before] = [readMs, listedMs].map((timeMs) => new Date(timeMs).toISOString());
  return `it was modified at ${now}, not ${before}`;
}

function named(etag: string): string {
  return etag === "" ? "no ETag" : `the ETag ${etag}`;
}

function joined(chunks: Buffer[], whole: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  let offset = 0;
  for (const chunk of chunks) offset += chunk.copy(whole, offset);
  return whole;
}
