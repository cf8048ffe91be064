import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { BucketIndex } from "@labelfleet/test/support/s3-index";
import { errorXml, listXml } from "@labelfleet/test/support/s3-xml";

interface StoredObject {
  body: Buffer;
  /** Quoted. */
  etag: string;
}

/**
 * An S3 server for benches: one process, all objects in memory, nothing checked that a bench does not need (signatures are not),
 * so that its share of the cores it has in common with what is measured is small. Conditional writes and listings in key order
 * are as in S3.
 */
export class MemoryS3 {
  readonly server: Server;
  readonly #objects = new Map<string, StoredObject>();
  readonly #index = new BucketIndex();
  readonly #bucket: string;

  constructor(bucket: string) {
    this.#bucket = bucket;
    this.server = createServer((request, response) => this.#serve(request, response));
    this.server.keepAliveTimeout = 60_000;
  }

  put(key: string, body: Buffer): string {
    const etag = `"${createHash("md5").update(body).digest("hex")}"`;
    this.#objects.set(key, { body, etag });
    this.#index.set({ key, etag, sizeBytes: body.length, lastModifiedMs: Date.now() });
    return etag;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    response.sendDate = false;
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const path = mark === -1 ? url : url.slice(0, mark);
    const key = decodeURIComponent(path.slice(this.#bucket.length + 2));
    if (!path.startsWith(`/${this.#bucket}`)) return void answer(response, 404, errorXml("NoSuchBucket", path));
    switch (request.method) {
      case "GET":
        if (key === "") return void this.#list(response, new URLSearchParams(url.slice(mark + 1)));
        return void this.#get(request, response, key);
      case "HEAD":
        return void this.#get(request, response, key);
      case "PUT":
        return void this.#write(request, response, key);
      case "DELETE":
        this.#objects.delete(key);
        this.#index.delete(key);
        return void answer(response, 204, "");
      default:
        return void answer(response, 501, errorXml("NotImplemented", String(request.method)));
    }
  }

  #get(request: IncomingMessage, response: ServerResponse, key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return void answer(response, 404, errorXml("NoSuchKey", key));
    const { "if-match": ifMatch, range } = request.headers;
    if (ifMatch !== undefined && ifMatch !== object.etag)
      return void answer(response, 412, errorXml("PreconditionFailed", key));
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
    const body = first === undefined ? object.body : object.body.subarray(Number(first), Number(last) + 1);
    response.writeHead(first === undefined ? 200 : 206, [
      ...["ETag", object.etag, "Content-Length", String(body.length)],
      ...(first === undefined ? [] : ["Content-Range", `bytes ${first}-${last}/${object.body.length}`]),
    ]);
    response.end(request.method === "HEAD" ? undefined : body);
  }

  #list(response: ServerResponse, query: URLSearchParams): void {
    const token = query.get("continuation-token");
    const after = token ? Buffer.from(token, "base64").toString("utf8") : (query.get("start-after") ?? "");
    const prefix = query.get("prefix") ?? "";
    const maxKeys = Number(query.get("max-keys") ?? 1000);
    const urlEncoded = query.get("encoding-type") === "url";
    const delimiter = query.get("delimiter") ?? undefined;
    const page = this.#index.page({ prefix, after, maxKeys, delimiter });
    answer(response, 200, listXml(this.#bucket, { prefix, maxKeys, urlEncoded }, page));
  }

  #write(request: IncomingMessage, response: ServerResponse, key: string): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { "if-none-match": ifNoneMatch, "if-match": ifMatch } = request.headers;
      const current = this.#objects.get(key);
      const isLost = (ifNoneMatch === "*" && current) || (ifMatch !== undefined && ifMatch !== current?.etag);
      if (isLost) return void answer(response, 412, errorXml("PreconditionFailed", key));
      response.setHeader("ETag", this.put(key, Buffer.concat(chunks)));
      answer(response, 200, "");
    });
  }
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "Content-Type": "application/xml", "Content-Length": Buffer.byteLength(body) });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
