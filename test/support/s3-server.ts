import { randomBytes } from "node:crypto";
import { buildApp } from "fauxqs";
import { type Intercept, S3Front } from "./s3-front.js";

export interface S3ServerOptions {
  accessKeyId?: string;
  secretAccessKey?: string;
  /** A free one by default. */
  port?: number;
  /** Made at the start. */
  buckets?: string[];
  /** Keys in one page of a listing, 1000 unless told. */
  pageKeys?: number;
}

export interface S3Server {
  endpoint: string;
  /** What a process needs in its environment to use this server through labelfleet or any AWS SDK. */
  env: Record<string, string>;
  /** Delays, denies or drops requests while set. */
  intercept: Intercept | undefined;
  createBucket(bucket: string): Promise<void>;
  putObject(bucket: string, key: string, body: Uint8Array): Promise<void>;
  getObject(bucket: string, key: string): Promise<Buffer>;
  deleteObject(bucket: string, key: string): Promise<void>;
  /** In UTF-8 byte order. */
  listKeys(bucket: string, prefix?: string): string[];
  close(): Promise<void>;
}

/** No object may be larger; fauxqs alone stops at 11 MiB, less than a model's weights. */
const maxObjectBytes = 1024 * 1024 * 1024;

/** An S3 server in this process and its memory, with real HTTP on 127.0.0.1 and conditional writes. */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const app = buildApp({ logger: false });
  app.removeContentTypeParser("*");
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: maxObjectBytes }, (_request, body, done) => {
    done(null, body);
  });
  await app.ready();
  const accessKeyId = options.accessKeyId ?? "labelfleet-test";
  const front = new S3Front({
    upstream: (request, response) => {
      // The front has buckets in paths only; the emulator would take the first part of a name with dots for one.
      request.headers.host = "localhost";
      app.server.emit("request", request, response);
    },
    accessKeyId,
    port: options.port ?? 0,
    ...(options.pageKeys !== undefined && { pageKeys: options.pageKeys }),
  });
  const call = async (method: "PUT" | "GET" | "DELETE", path: string, payload?: Buffer) => {
    const headers = payload ? { "content-type": "application/octet-stream" } : {};
    const answer = await app.inject({ method, url: path, headers, ...(payload && { payload }) });
    if (answer.statusCode >= 300) throw new Error(`${method} ${path} answered ${answer.statusCode}: ${answer.body}`);
    return answer;
  };
  const createBucket = async (bucket: string) => {
    await call("PUT", `/${bucket}`);
    front.bucket(bucket);
  };
  for (const bucket of options.buckets ?? []) await createBucket(bucket);
  const endpoint = `http://127.0.0.1:${await front.listen()}`;
  return {
    endpoint,
    env: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: options.secretAccessKey ?? randomBytes(20).toString("hex"),
      AWS_REGION: "us-east-1",
    },
    get intercept() {
      return front.intercept;
    },
    set intercept(intercept) {
      front.intercept = intercept;
    },
    createBucket,
    async putObject(bucket, key, body) {
      const answer = await call("PUT", pathOf(bucket, key), Buffer.from(body));
      const etag = String(answer.headers.etag);
      front.bucket(bucket).set({ key, etag, sizeBytes: body.length, lastModifiedMs: Date.now() });
    },
    async getObject(bucket, key) {
      return (await call("GET", pathOf(bucket, key))).rawPayload;
    },
    async deleteObject(bucket, key) {
      await call("DELETE", pathOf(bucket, key));
      front.bucket(bucket).delete(key);
    },
    listKeys(bucket, prefix = "") {
      return front
        .bucket(bucket)
        .page({ prefix, after: "", maxKeys: Number.POSITIVE_INFINITY })
        .objects.map((object) => object.key);
    },
    async close() {
      await front.close();
      await app.close();
    },
  };
}

function pathOf(bucket: string, key: string): string {
  return `/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
}
