import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HubRequest {
  readonly on: "hub" | "storage";
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/**
 * A model hub with the real one's HTTP layout: small files are answered by the hub itself, with their git blob's hash as ETag;
 * large ones are a redirect to a storage host with the hash and size in X-Linked headers, which serves ranges.
 */
export class FakeHub {
  readonly requests: HubRequest[] = [];
  /** By "owner/repo/file". */
  readonly files = new Map<string, { bytes: Buffer; isLarge: boolean }>();
  /** Repositories that have moved: answered with a redirect on the hub itself. */
  readonly moved = new Map<string, string>();
  /** Each GET of the storage host takes one and ends the connection after that many bytes; then all is well. */
  cuts: number[] = [];
  /** What the hub says instead of a large file's hash. */
  claimedHash: string | undefined;
  /** Repositories are only shown to whoever has it. */
  token: string | undefined;
  /** Whether the storage host knows ranges. */
  servesRanges = true;
  /** Status codes that the hub answers with first. */
  failures: number[] = [];
  readonly #hub: Server;
  readonly #storage: Server;
  #endpoint = "";

  private constructor() {
    this.#hub = createServer((request, response) => this.#answer(request, response));
    this.#storage = createServer((request, response) => this.#serve(request, response));
  }

  static async start(): Promise<FakeHub> {
    const fake = new FakeHub();
    for (const server of [fake.#hub, fake.#storage]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    fake.#endpoint = `http://127.0.0.1:${portOf(fake.#hub)}`;
    return fake;
  }

  get endpoint(): string {
    return this.#endpoint;
  }

  add(repo: string, file: string, bytes: Uint8Array | string, isLarge = false): void {
    this.files.set(`${repo}/${file}`, { bytes: Buffer.from(bytes as Uint8Array), isLarge });
  }

  async stop(): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #note(on: HubRequest["on"], { method = "", url = "", headers }: IncomingMessage): void {
    this.requests.push({ on, method, path: url, range: headers.range, authorization: headers.authorization });
  }

  #answer(request: IncomingMessage, response: ServerResponse): ServerResponse {
    this.#note("hub", request);
    const failure = this.failures.shift();
    if (failure !== undefined) return end(response, failure);
    const [, repo, revision, name] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(request.url ?? "") ?? [];
    if (repo === undefined) return end(response, 404);
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) return end(response, 401);
    const movedTo = this.moved.get(repo);
    if (movedTo !== undefined) return end(response, 307, { location: `/${movedTo}/resolve/${revision}/${name}` });
    const file = this.files.get(`${repo}/${name}`);
    if (file === undefined) return end(response, 404, { "x-error-code": "EntryNotFound" });
    if (!file.isLarge) {
      const etag = createHash("sha1").update(`blob ${file.bytes.length}\0`).update(file.bytes).digest("hex");
      return end(response, 200, { etag: `"${etag}"`, "x-repo-commit": "c0ffee" }, file.bytes, request.method);
    }
    const hash = this.claimedHash ?? createHash("sha256").update(file.bytes).digest("hex");
    return end(response, 302, {
      location: `http://127.0.0.1:${portOf(this.#storage)}/${repo}/${name}`,
      "x-linked-etag": `"${hash}"`,
      "x-linked-size": String(file.bytes.length),
      "x-repo-commit": "c0ffee",
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): ServerResponse {
    this.#note("storage", request);
    const file = this.files.get((request.url ?? "").slice(1));
    if (file === undefined) return end(response, 404);
    const start = this.servesRanges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0) : 0;
    if (start >= file.bytes.length) return end(response, 416);
    const bytes = file.bytes.subarray(start);
    const range = { "content-range": `bytes ${start}-${file.bytes.length - 1}/${file.bytes.length}` };
    // The storage host's own ETag says nothing of the content.
    const headers = { etag: '"not-a-hash"', ...(start > 0 ? range : {}) };
    const cut = request.method === "GET" ? this.cuts.shift() : undefined;
    if (cut === undefined) return end(response, start > 0 ? 206 : 200, headers, bytes, request.method);
    response.writeHead(start > 0 ? 206 : 200, { ...headers, "content-length": bytes.length });
    response.write(bytes.subarray(0, cut), () => setTimeout(() => response.destroy(), readMs));
    return response;
  }
}

/** What a reader is given to take what came before the connection is cut. */
const readMs = 150;

function end(
  response: ServerResponse,
  statusCode: number,
  headers: Record<string, string> = {},
  bytes: Buffer = Buffer.alloc(0),
  method = "GET",
): ServerResponse {
  response.writeHead(statusCode, { ...headers, "content-length": bytes.length });
  return response.end(method === "HEAD" ? undefined : bytes);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
