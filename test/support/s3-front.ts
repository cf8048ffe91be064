import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Deformation, deform } from "./s3-deform.js";
import { BucketIndex, type ObjectList } from "./s3-index.js";
import { errorXml, listXml } from "./s3-xml.js";

/** What a test sees of a request before it is served. */
export interface InterceptedRequest {
  method: string;
  bucket: string;
  /** Decoded; "" for requests to the bucket itself. */
  key: string;
  query: URLSearchParams;
  /** The request's own: what is deleted or changed here is served so. */
  headers: IncomingMessage["headers"];
}

/** An answer given instead of the server's. `cut`: the connection is reset behind the body, however long that claims to be. */
export interface CannedAnswer {
  status: number;
  body?: string;
  headers?: Record<string, string>;
  cut?: boolean;
}

/** The request is served, and its answer arrives deformed. */
export interface DeformedAnswer {
  deform: Deformation;
}

/** The request is served, and its answer says something else, as that of another store would. */
export interface RewrittenAnswer {
  /** Of a listing's XML. */
  listing?: (xml: string) => string;
  /** By lower-case name; null takes one away. */
  headers?: Record<string, string | null>;
}

/** "drop": the connection is reset at once, and nothing is served. Undefined: the request is served as usual. */
export type Interception = "drop" | CannedAnswer | DeformedAnswer | { rewrite: RewrittenAnswer } | undefined;

/** May wait before it answers, which delays the request. */
export type Intercept = (request: InterceptedRequest) => Interception | Promise<Interception>;

/** Serves one request of the S3 protocol: an emulator in this process, or a proxy to a server elsewhere. */
export type Upstream = (request: IncomingMessage, response: ServerResponse) => void;

export interface FrontOptions {
  upstream: Upstream;
  accessKeyId: string;
  /** 0 for a free one. */
  port: number;
  /** Keys in one page of a listing; stores may give fewer than the 1000 that are asked for. */
  pageKeys?: number;
}

const denied = {
  accessKey: xmlError(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
  noSuchKey: xmlError(404, "NoSuchKey", "The specified key does not exist."),
  precondition: xmlError(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"),
  notImplemented: xmlError(501, "NotImplemented", "Uploads in parts, copies and deletes of many are not served here."),
};

/** What S3 answers for an error. */
export function xmlError(status: number, code: string, message: string): CannedAnswer {
  return { status, body: errorXml(code, message) };
}

/**
 * An HTTP server before an S3 emulator that adds what the emulator lacks and real stores have: If-None-Match and If-Match on
 * writes (serialised per key), listings in UTF-8 byte order with url encoding, and a check of the access key. Requests are
 * handed to the emulator in this process, because a second HTTP hop would cost the benches CPU time for every GET.
 */
export class S3Front {
  /** Called for every request while set. */
  intercept: Intercept | undefined;
  readonly server: Server;
  readonly #options: FrontOptions;
  readonly #buckets = new Map<string, BucketIndex>();
  readonly #readOnly = new Map<string, ObjectList>();
  /** The last conditional or plain write of each key that is under way. */
  readonly #writes = new Map<string, Promise<void>>();

  constructor(options: FrontOptions) {
    this.#options = options;
    this.server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        if (!response.headersSent) answer(response, xmlError(500, "InternalError", String(error)));
        else response.destroy();
      });
    });
    this.server.keepAliveTimeout = 60_000;
  }

  /** The index of a bucket, made if new; the emulator must know the bucket too. */
  bucket(name: string): BucketIndex {
    const index = this.#buckets.get(name) ?? new BucketIndex();
    this.#buckets.set(name, index);
    return index;
  }

  /** A bucket whose listings are made from this, and that nobody writes to. */
  serve(name: string, list: ObjectList): void {
    this.#readOnly.set(name, list);
  }

  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(this.#options.port, "127.0.0.1", () => {
        const address = this.server.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { bucket, key, query } = parseTarget(request.url ?? "/");
    const method = request.method ?? "GET";
    let rewritten: RewrittenAnswer = {};
    if (this.intercept) {
      const result = await this.intercept({ method, bucket, key, query, headers: request.headers });
      if (result === "drop") return void request.socket.destroy();
      if (result && "deform" in result) deform(response, result.deform);
      else if (result && "rewrite" in result) rewritten = result.rewrite;
      else if (result) return refuse(request, response, result);
    }
    if (rewritten.headers) rewriteHead(response, rewritten.headers);
    if (accessKeyOf(request, query) !== this.#options.accessKeyId) return refuse(request, response, denied.accessKey);
    const index = this.#buckets.get(bucket);
    const listed = this.#readOnly.get(bucket) ?? index;
    if (key === "" && method === "PUT") this.bucket(bucket);
    if (listed && key === "" && method === "GET" && query.get("list-type") === "2") {
      const xml = list(bucket, listed, query, this.#options.pageKeys ?? 1000);
      return answer(response, { status: 200, body: rewritten.listing?.(xml) ?? xml });
    }
    if (!index) return this.#options.upstream(request, response);
    if (method === "POST" || query.has("uploads") || query.has("uploadId") || request.headers["x-amz-copy-source"]) {
      return refuse(request, response, denied.notImplemented);
    }
    if (key !== "" && (method === "PUT" || method === "DELETE")) {
      return this.#write(request, response, index, { id: `${bucket}/${key}`, key });
    }
    this.#options.upstream(request, response);
  }

  /** One write of a key at a time, so that checking a condition and writing cannot be parted. */
  async #write(
    request: IncomingMessage,
    response: ServerResponse,
    index: BucketIndex,
    { id, key }: { id: string; key: string },
  ): Promise<void> {
    const turn = (this.#writes.get(id) ?? Promise.resolve()).then(() => this.#writeNow(request, response, index, key));
    this.#writes.set(id, turn);
    await turn.finally(() => {
      if (this.#writes.get(id) === turn) this.#writes.delete(id);
    });
  }

  async #writeNow(request: IncomingMessage, response: ServerResponse, index: BucketIndex, key: string): Promise<void> {
    // The client gave up while it waited for its turn.
    if (request.destroyed) return;
    const current = index.get(key);
    const { "if-none-match": ifNoneMatch, "if-match": ifMatch } = request.headers;
    if (request.method === "PUT") {
      if (ifMatch !== undefined && !current) return refuse(request, response, denied.noSuchKey);
      const isLost = (ifNoneMatch === "*" && current) || (ifMatch !== undefined && ifMatch !== current?.etag);
      if (isLost) return refuse(request, response, denied.precondition);
    }
    onSuccess(response, (etag) => {
      if (request.method === "DELETE") index.delete(key);
      else index.set({ key, etag, sizeBytes: bodySize(request), lastModifiedMs: Date.now() });
    });
    const done = new Promise<void>((resolve) => response.once("close", resolve));
    this.#options.upstream(request, response);
    await done;
  }
}

/** Calls back right before the head of a 2xx answer goes out, so that the client's next request sees its effect. */
function onSuccess(response: ServerResponse, callback: (etag: string) => void): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = (status: number, ...rest: unknown[]) => {
    const headers = rest.find((arg) => typeof arg === "object") as Record<string, unknown> | undefined;
    if (status < 300) callback(String(headers?.etag ?? response.getHeader("etag") ?? ""));
    return writeHead(status, ...rest);
  };
}

function bodySize(request: IncomingMessage): number {
  return Number(request.headers["x-amz-decoded-content-length"] ?? request.headers["content-length"] ?? 0);
}

/** Changes the head of the answer, whoever writes it. */
function rewriteHead(response: ServerResponse, changes: Record<string, string | null>): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
  response.writeHead = (status: number, ...rest: unknown[]) => {
    const given = rest.find((arg) => typeof arg === "object") as Record<string, string> | undefined;
    const headers: Record<string, unknown> = { ...response.getHeaders() };
    for (const [name, value] of Object.entries(given ?? {})) headers[name.toLowerCase()] = value;
    for (const [name, value] of Object.entries(changes)) {
      response.removeHeader(name);
      if (value === null) delete headers[name];
      else headers[name] = value;
    }
    return writeHead(status, headers);
  };
}

function list(bucket: string, index: ObjectList, query: URLSearchParams, pageKeys: number): string {
  const token = query.get("continuation-token");
  const startAfter = token ? Buffer.from(token, "base64").toString("utf8") : (query.get("start-after") ?? "");
  const maxKeys = Math.min(pageKeys, Number(query.get("max-keys") ?? 1000));
  const prefix = query.get("prefix") ?? "";
  const urlEncoded = query.get("encoding-type") === "url";
  const delimiter = query.get("delimiter") || undefined;
  const page = index.page({ prefix, after: startAfter, maxKeys, delimiter });
  return listXml(bucket, { prefix, maxKeys, urlEncoded }, page);
}

/** Answers without serving; the request's body is read away first, or the client would see a reset instead. */
function refuse(request: IncomingMessage, response: ServerResponse, canned: CannedAnswer): void {
  request.resume();
  if (request.complete || request.method === "GET" || request.method === "HEAD") answer(response, canned);
  else request.once("end", () => answer(response, canned));
}

function answer(response: ServerResponse, { status, body = "", headers, cut }: CannedAnswer): void {
  const length = Buffer.byteLength(body);
  response.writeHead(status, { "content-type": "application/xml", "content-length": length, ...headers });
  if (cut) response.write(body, () => response.socket?.destroy());
  else response.end(response.req.method === "HEAD" ? "" : body);
}

function accessKeyOf(request: IncomingMessage, query: URLSearchParams): string | undefined {
  const credential =
    /Credential=([^,]+)/.exec(request.headers.authorization ?? "")?.[1] ?? query.get("X-Amz-Credential");
  return credential?.split("/")[0];
}

function parseTarget(url: string): { bucket: string; key: string; query: URLSearchParams } {
  const mark = url.indexOf("?");
  const path = (mark === -1 ? url : url.slice(0, mark)).slice(1);
  const slash = path.indexOf("/");
  const bucket = slash === -1 ? path : path.slice(0, slash);
  const key = slash === -1 ? "" : decodeURIComponent(path.slice(slash + 1));
  return { bucket, key, query: new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1)) };
}
