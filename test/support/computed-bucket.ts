import type { IncomingMessage, ServerResponse } from "node:http";
import { S3Front } from "./s3-front.js";
import { type IndexedObject, type IndexPage, type ObjectList, type PageQuery, pageOf } from "./s3-index.js";

const accessKeyId = "labelfleet-computed";
const body = Buffer.from("no photo");

/** Objects whose names, sizes and ETags are computed from their position whenever they are listed: none is ever held. */
export class ComputedObjects implements ObjectList {
  readonly length: number;
  readonly #keyOf: (i: number) => string;

  /** @param keyOf ascending in i */
  constructor(length: number, keyOf: (i: number) => string) {
    this.length = length;
    this.#keyOf = keyOf;
  }

  at(i: number): IndexedObject {
    const etag = `"${(i * 0x9e3779b1 + 0x1000_0000).toString(16).slice(-8).padStart(32, "0")}"`;
    return { key: this.#keyOf(i), etag, sizeBytes: 100_000 + (i % 1_000), lastModifiedMs: 1_700_000_000_000 };
  }

  page(query: PageQuery): IndexPage {
    return pageOf(this, query);
  }
}

/** Photos in two levels of folders, as a collection of any size may lie: 50 times 5,000 in each folder of `in/`. */
export function photoKeyOf(i: number): string {
  const number = String(i).padStart(8, "0");
  const [outer, inner] = [Math.floor(i / 250_000), Math.floor(i / 5_000) % 50];
  return `in/${String(outer).padStart(2, "0")}/${String(inner).padStart(2, "0")}/img_${number}.jpg`;
}

export interface ComputedBucket {
  endpoint: string;
  env: Record<string, string>;
  /** Called before each listing is answered, which waits for it. */
  beforeListing: (() => Promise<void>) | undefined;
  close(): Promise<void>;
}

/** An S3 server of one read-only bucket of any size. Every object reads as a few bytes that are no image. */
export async function startComputedBucket(bucket: string, objects: ObjectList): Promise<ComputedBucket> {
  const upstream = (request: IncomingMessage, response: ServerResponse) =>
    void response
      .writeHead(200, { "content-length": body.length, etag: '"0"' })
      .end(request.method === "HEAD" ? "" : body);
  const front = new S3Front({ upstream, accessKeyId, port: 0 });
  front.serve(bucket, objects);
  const endpoint = `http://127.0.0.1:${await front.listen()}`;
  const server: ComputedBucket = {
    endpoint,
    env: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: "unused",
      AWS_REGION: "us-east-1",
    },
    beforeListing: undefined,
    close: () => front.close(),
  };
  front.intercept = async ({ key }) => {
    if (key === "") await server.beforeListing?.();
    return undefined;
  };
  return server;
}
