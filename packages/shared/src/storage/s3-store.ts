import type { _Object as ListedEntry, S3Client } from "@aws-sdk/client-s3";
import { hasCode, LabelfleetError } from "../errors.js";
import { DeleteObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from "./aws-sdk.js";
import { isComparable, unquoted } from "./etag.js";
import { compareKeys } from "./key-order.js";
import type {
  GetOptions,
  ListedPage,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PageOptions,
  PutBody,
  PutOptions,
} from "./object-store.js";
import {
  attemptDeadlineMs,
  defaultMaxReadMs,
  type RetryEffects,
  type RetryPolicy,
  realEffects,
  withRetries,
} from "./retry-policy.js";
import { createS3Client } from "./s3-client.js";
import { AttemptTimeout, oneLine, type S3Operation, toStoreError } from "./s3-errors.js";
import { decodeKey, isEncodedKeyAfter } from "./s3-keys.js";
import { type ListedObject, readingObjects } from "./s3-listing.js";
import { ObjectBody } from "./s3-object-body.js";
import { checkPage, faultyListing, followPages, moreAfter, type PagePosition, type StorePage } from "./s3-pages.js";
import { S3Reader } from "./s3-reader.js";
import type { S3Config } from "./s3-settings.js";
import { isOverBound, type WatchedTransfer, watchTransfer } from "./transfer-watch.js";

interface Call {
  operation: S3Operation;
  uri: string;
  conditional?: boolean;
  /** Bytes sent; a large body may take longer. */
  sizeBytes?: number;
  /** What ends an attempt; a deadline unless given. */
  limit?: Limit;
  signal?: AbortSignal | undefined;
}

interface Attempt {
  signal: AbortSignal;
}

/** Begins with an attempt, and ends it by `expire`. Returns what stops the limit. */
type Limit = (expire: (reason: Error) => void) => () => void;

/** One bucket of S3 or of a server that speaks its protocol. */
export class S3Store implements ObjectStore {
  readonly kind = "s3";
  readonly #bucket: string;
  readonly #config: S3Config;
  readonly #client: S3Client;
  readonly #reader: S3Reader;
  readonly #policy: RetryPolicy;
  readonly #effects: RetryEffects;

  constructor(bucket: string, config: S3Config, effects: RetryEffects = realEffects) {
    this.#bucket = bucket;
    this.#config = config;
    this.#client = createS3Client(config);
    this.#reader = new S3Reader({ client: this.#client, bucket, connections: config, direct: config.directReads });
    this.#policy = { maxAttempts: config.maxAttempts, baseMs: 100, capMs: 5_000 };
    this.#effects = effects;
  }

  uriOf(key: string): string {
    return `s3://${this.#bucket}/${key}`;
  }

  async *list({ prefix, startAfter, through, onLeftOut, signal }: ListOptions): AsyncIterable<ObjectInfo> {
    const fetchPage = (position: PagePosition) => this.#fetchPage({ Prefix: prefix, ...position }, signal);
    for await (const entries of followPages({ uri: this.uriOf(prefix), prefix, startAfter, fetchPage })) {
      for (const { key, object } of entries) {
        if (key === undefined) {
          if (through !== undefined && isEncodedKeyAfter(object.key, through)) return;
          onLeftOut?.({ reason: "unnameable", key: object.key });
          continue;
        }
        if (through !== undefined && compareKeys(key, through) > 0) return;
        yield { ...object, key };
      }
    }
  }

  async page({ prefix, startAfter, delimiter, maxKeys, signal }: PageOptions): Promise<ListedPage> {
    const input = {
      Prefix: prefix,
      ...(startAfter && { StartAfter: startAfter }),
      ...(delimiter && { Delimiter: delimiter }),
      ...(maxKeys && { MaxKeys: maxKeys }),
    };
    const page = await this.#fetchPage(input, signal);
    checkPage(this.uriOf(prefix), prefix, startAfter, page);
    const decoded = (texts: string[]) => texts.flatMap((text) => page.decode(text) || []);
    return {
      keys: decoded(page.objects.map(({ key }) => key)),
      prefixes: decoded(page.prefixes),
      isTruncated: moreAfter(page) === true,
    };
  }

  async get(
    key: string,
    options: GetOptions = {},
  ): Promise<{ body: Buffer<ArrayBuffer>; etag: string; sizeBytes: number }> {
    const { maxReadMs = defaultMaxReadMs, signal } = options;
    const uri = this.uriOf(key);
    const object = new ObjectBody(uri, options);
    const limits = { windowMs: this.#config.timeoutMs, startedMs: performance.now(), maxReadMs };
    const limit: Limit = (expire) =>
      watchTransfer(object, limits, {
        onStall: () => expire(new AttemptTimeout("the body stalled")),
        onBound: () => expire(tooSlow(uri, object, limits.startedMs)),
      });
    const call: Call = { operation: "get", uri, conditional: isComparable(options.ifMatch ?? ""), limit, signal };
    const attempt = async () => {
      if (isOverBound(object, limits)) throw tooSlow(uri, object, limits.startedMs);
      try {
        await this.#attempt(call, async ({ signal }) => {
          await object.add(await this.#reader.read(object.nextRequest(key, signal)), signal);
        });
      } catch (error) {
        throw object.onFailure(error);
      }
    };
    await withRetries(this.#policy, this.#effects, signal, attempt, () => object.hasProgressed());
    return object.result;
  }

  async head(key: string): Promise<ObjectInfo | null> {
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: key });
    return this.#call({ operation: "head", uri: this.uriOf(key) }, async ({ signal }) => {
      const answer = await this.#client.send(command, { abortSignal: signal });
      return {
        key,
        etag: unquoted(answer.ETag ?? ""),
        sizeBytes: answer.ContentLength ?? 0,
        lastModifiedMs: answer.LastModified?.getTime() ?? null,
      };
    }).catch((error: unknown) => {
      if (hasCode(error, "OBJECT_NOT_FOUND")) return null;
      if (hasCode(error, "OBJECT_DENIED")) return this.#explainDenial(key, error);
      throw error;
    });
  }

  async put(key: string, pieces: PutBody, options: PutOptions = {}): Promise<{ etag: string }> {
    // One request has one length and one signature, and is repeated as a whole.
    const body = pieces instanceof Uint8Array ? pieces : await joined(pieces);
    const { ifMatch, ifNoneMatch, contentType, signal } = options;
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: body,
      ContentLength: body.length,
      ContentType: contentType ?? "application/octet-stream",
      ...(ifNoneMatch && { IfNoneMatch: ifNoneMatch }),
      ...(ifMatch !== undefined && { IfMatch: `"${ifMatch}"` }),
    });
    const conditional = ifMatch !== undefined || ifNoneMatch !== undefined;
    const call: Call = { operation: "put", uri: this.uriOf(key), conditional, sizeBytes: body.length, signal };
    return this.#call(call, async (attempt) => {
      const answer = await this.#client.send(command, { abortSignal: attempt.signal });
      return { etag: unquoted(answer.ETag ?? "") };
    });
  }

  async delete(key: string): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: key });
    await this.#call({ operation: "delete", uri: this.uriOf(key) }, ({ signal }) =>
      this.#client.send(command, { abortSignal: signal }),
    ).catch((error: unknown) => {
      if (!hasCode(error, "OBJECT_NOT_FOUND")) throw error;
    });
  }

  async removeAbandoned(): Promise<void> {}

  async close(): Promise<void> {
    this.#reader.close();
    this.#client.destroy();
  }

  /** An answer to HEAD has no body, so it does not say whether the object or the credentials are refused; one to GET does. */
  async #explainDenial(key: string, denial: unknown): Promise<never> {
    const reason: unknown = await this.get(key, { range: { start: 0, end: 0 } }).catch((error: unknown) => error);
    throw hasCode(reason, "CREDENTIALS_REFUSED", "BUCKET_NOT_FOUND", "USAGE") ? reason : denial;
  }

  /** One request of a listing. */
  async #fetchPage(
    asked: PagePosition & { Prefix: string; Delimiter?: string; MaxKeys?: number },
    signal: AbortSignal | undefined,
  ): Promise<StorePage> {
    // XML cannot carry every character that a key may hold.
    const input = { Bucket: this.#bucket, EncodingType: "url", ...asked } as const;
    const uri = this.uriOf(asked.Prefix);
    return this.#call({ operation: "list", uri, signal }, async (attempt) => {
      const command = new ListObjectsV2Command(input);
      const taken = readingObjects(command, { uri, signal: attempt.signal });
      const page = await this.#client.send(command, { abortSignal: attempt.signal });
      return {
        objects: taken.objects ?? (page.Contents ?? []).map((entry) => objectOf(uri, entry)),
        prefixes: (page.CommonPrefixes ?? []).map((common) => common.Prefix ?? ""),
        decode: page.EncodingType === "url" ? decodeKey : (key) => key,
        isTruncated: taken.isTruncated,
        token: page.NextContinuationToken?.trim() ? page.NextContinuationToken : undefined,
        keyCount: page.KeyCount,
        maxKeys: page.MaxKeys,
      };
    });
  }

  #call<T>(call: Call, run: (attempt: Attempt) => Promise<T>): Promise<T> {
    return withRetries(this.#policy, this.#effects, call.signal, () => this.#attempt(call, run));
  }

  /** One attempt under a deadline and the caller's signal, with its failure mapped. */
  async #attempt<T>(call: Call, run: (attempt: Attempt) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort(call.signal?.reason);
    call.signal?.addEventListener("abort", abort, { once: true });
    const deadlineMs = attemptDeadlineMs(this.#config.timeoutMs, call.sizeBytes ?? 0);
    const { limit = deadlineAfter(deadlineMs) } = call;
    const stopLimit = limit((reason) => controller.abort(reason));
    try {
      // Not everything within a call listens to the signal: credentials may come from a process or a server that hangs.
      return await Promise.race([run({ signal: controller.signal }), rejectWhenAborted(controller.signal)]);
    } catch (error) {
      // The SDK wraps the reason of an abort in an error of its own.
      const cause = controller.signal.aborted ? controller.signal.reason : error;
      throw toStoreError(cause, call.operation, call.uri, call.conditional ?? false);
    } finally {
      stopLimit();
      call.signal?.removeEventListener("abort", abort);
    }
  }
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

function objectOf(uri: string, { Key, ETag, Size, LastModified }: ListedEntry): ListedObject {
  if (Size === undefined) throw faultyListing(uri, `it lists ${JSON.stringify(Key)} without a size`);
  if (!Number.isSafeInteger(Size) || Size < 0) {
    throw faultyListing(uri, `it lists ${JSON.stringify(Key)} with a size that is none`);
  }
  return {
    key: Key ?? "",
    etag: unquoted(ETag ?? ""),
    sizeBytes: Size,
    lastModifiedMs: LastModified?.getTime() ?? null,
  };
}

function deadlineAfter(ms: number): Limit {
  return (expire) => {
    const timer = setTimeout(() => expire(new AttemptTimeout("the attempt took too long")), ms);
    return () => clearTimeout(timer);
  };
}

function tooSlow(uri: string, { transferredBytes, sizeBytes }: WatchedTransfer, startedMs: number): LabelfleetError {
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  const bytes = `${transferredBytes} of ${sizeBytes ?? "an unknown number of"} bytes`;
  return new LabelfleetError("OBJECT_TOO_SLOW", oneLine(`${uri} is read too slowly: ${bytes} came in ${seconds} s`));
}
