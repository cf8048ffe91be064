import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { S3Front } from "./s3-front.js";

const accessKeyId = "labelfleet-vast";

export interface VastBucket {
  env: Record<string, string>;
  close(): Promise<void>;
}

/** An S3 server of one read-only bucket whose many objects are a few bodies over and over; it holds only their names. */
export async function startVastBucket(options: {
  bucket: string;
  /** In ascending order. Object i has body i modulo their number. */
  keys: Iterable<string>;
  bodies: Buffer[];
}): Promise<VastBucket> {
  const { bucket, bodies } = options;
  const etags = bodies.map((body) => `"${createHash("md5").update(body).digest("hex")}"`);
  const bodyOf = new Map<string, number>();
  const upstream = (request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent((request.url ?? "").split("?")[0]!.slice(bucket.length + 2));
    const i = bodyOf.get(path);
    if (i === undefined) return void response.writeHead(404).end();
    const [body, etag] = [bodies[i]!, etags[i]!];
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const part = range === null ? body : body.subarray(Number(range[1]), Number(range[2]) + 1);
    const position = range === null ? {} : { "content-range": `bytes ${range[1]}-${range[2]}/${body.length}` };
    const headers = { etag, "content-length": part.length, ...position };
    response.writeHead(range === null ? 200 : 206, headers).end(request.method === "HEAD" ? "" : part);
  };
  const front = new S3Front({ upstream, accessKeyId, port: 0 });
  const index = front.bucket(bucket);
  for (const key of options.keys) {
    const i = bodyOf.size % bodies.length;
    bodyOf.set(key, i);
    index.set({ key, etag: etags[i]!, sizeBytes: bodies[i]!.length, lastModifiedMs: 0 });
  }
  return {
    env: {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${await front.listen()}`,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: "unused",
      AWS_REGION: "us-east-1",
    },
    close: () => front.close(),
  };
}
