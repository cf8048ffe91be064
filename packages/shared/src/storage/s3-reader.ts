import type { S3Client } from "@aws-sdk/client-s3";
import { GetObjectCommand } from "./aws-sdk.js";
import { type Connections, DirectReader, rangeHeader } from "./s3-direct-reader.js";

export interface ReadRequest {
  key: string;
  /** Unquoted. */
  ifMatch: string | undefined;
  /** Without an end: to the end of the object. */
  range: { start: number; end: number | undefined } | undefined;
  signal: AbortSignal;
}

/** A GET's answer with status 2xx. The body is a Readable that nobody has touched. */
export interface ReadAnswer {
  /** 206 for a part of the object. */
  status: number;
  /** Quoted, as it came. */
  etag: string | undefined;
  contentLength: number | undefined;
  contentRange: string | undefined;
  /** As it came, or parsed. */
  lastModified: string | Date | undefined;
  body: unknown;
}

/**
 * GETs of one bucket. The first goes through the SDK, which finds address, region and kind of signature; the others go
 * directly there (s3-direct-reader.ts), for a quarter of the CPU time, until the store refuses one.
 */
export class S3Reader {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #connections: Connections;
  readonly #mayBeDirect: boolean;
  #direct: DirectReader | undefined;

  constructor(options: { client: S3Client; bucket: string; connections: Connections; direct: boolean }) {
    this.#client = options.client;
    this.#bucket = options.bucket;
    this.#connections = options.connections;
    this.#mayBeDirect = options.direct;
  }

  /** Rejects with whatever the SDK, the socket or the store's refusal is. */
  async read(request: ReadRequest): Promise<ReadAnswer> {
    const direct = this.#direct;
    if (direct === undefined) return this.#readWithSdk(request);
    try {
      return await direct.read(request);
    } catch (error) {
      // A refusal may mean another region, a clock that is off or other credentials: the SDK looks at all of that again.
      if (direct.isRefusal(error)) this.#forget(direct);
      throw error;
    }
  }

  close(): void {
    this.#direct?.close();
    this.#direct = undefined;
  }

  async #readWithSdk({ key, ifMatch, range, signal }: ReadRequest): Promise<ReadAnswer> {
    const command = new GetObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      ...(ifMatch !== undefined && { IfMatch: `"${ifMatch}"` }),
      ...(range && { Range: rangeHeader(range) }),
    });
    const learn = this.#mayBeDirect ? DirectReader.learnFrom(command, this.#client, key) : undefined;
    const answer = await this.#client.send(command, { abortSignal: signal });
    this.#direct ??= learn?.(this.#connections);
    return {
      status: answer.$metadata.httpStatusCode ?? 200,
      etag: answer.ETag,
      contentLength: answer.ContentLength,
      contentRange: answer.ContentRange,
      lastModified: answer.LastModified,
      body: answer.Body,
    };
  }

  #forget(direct: DirectReader): void {
    if (this.#direct === direct) this.#direct = undefined;
    direct.retire();
  }
}
