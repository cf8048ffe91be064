import { Agent, type ClientRequest, type IncomingMessage, request as overHttp } from "node:http";
import { request as overHttps, Agent as TlsAgent } from "node:https";
import type { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { version } from "../version.js";
import { untilAborted } from "./s3-body.js";
import type { ReadAnswer, ReadRequest } from "./s3-reader.js";
import type { S3Config } from "./s3-settings.js";

type Signer = Awaited<ReturnType<S3Client["config"]["signer"]>>;
type HttpRequest = Parameters<Signer["sign"]>[0] & {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  query?: Record<string, unknown>;
  headers: Record<string, string>;
};
type AuthScheme = NonNullable<Parameters<S3Client["config"]["signer"]>[0]>;

/** How objects of one bucket are addressed and signed for, as the SDK did it. */
interface Route {
  protocol: "http:" | "https:";
  hostname: string;
  port: number | undefined;
  hostHeader: string;
  /** Before the key. */
  pathPrefix: string;
  authScheme: AuthScheme;
}

export type Connections = Pick<S3Config, "maxSockets" | "caCertificates">;

const connectTimeoutMs = 10_000;
const maxErrorBytes = 64 * 1024;
/** SHA-256 of nothing, which is what a GET sends. */
const emptyBodyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** An answer that is not 2xx, with the names that toStoreError knows from the SDK's errors. */
class Refusal extends Error {
  readonly Code: string | undefined;
  readonly Region: string | undefined;
  readonly $metadata: { httpStatusCode: number };
  readonly $response: { statusCode: number; headers: Record<string, string> };

  constructor(status: number, headers: Record<string, string>, body: string) {
    super(element(body, "Message") ?? `HTTP ${status}`);
    this.Code = element(body, "Code");
    this.Region = element(body, "Region");
    this.$metadata = { httpStatusCode: status };
    this.$response = { statusCode: status, headers };
  }
}

/**
 * GETs without the SDK's middleware, over connections of their own: signed by the SDK's signer, sent by node:http. For a
 * photo of 50 kB that is 0.2 ms of CPU time instead of 0.9.
 */
export class DirectReader {
  readonly #client: S3Client;
  readonly #route: Route;
  readonly #agent: Agent;
  #signer: Promise<Signer> | undefined;
  /** Reads whose body is not through yet. */
  #inFlight = 0;
  #isRetired = false;

  private constructor(client: S3Client, route: Route, { maxSockets, caCertificates: ca }: Connections) {
    this.#client = client;
    this.#route = route;
    const options = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets };
    this.#agent = route.protocol === "https:" ? new TlsAgent({ ...options, ...(ca && { ca }) }) : new Agent(options);
  }

  /**
   * Watches how the SDK sends this command. The answer makes a reader once the command has succeeded, or nothing where the
   * way is one that only the SDK knows (S3 Express, access points of several regions).
   */
  static learnFrom(
    command: GetObjectCommand,
    client: S3Client,
    key: string,
  ): (connections: Connections) => DirectReader | undefined {
    let route: Route | undefined;
    command.middlewareStack.add(
      (next, context) => (args) => {
        const authScheme = context.endpointV2?.properties?.authSchemes?.[0] as AuthScheme | undefined;
        route = authScheme && routeOf(args.request as HttpRequest, authScheme, key);
        return next(args);
      },
      { step: "finalizeRequest", priority: "low" },
    );
    return (connections) => route && new DirectReader(client, route, connections);
  }

  isRefusal(error: unknown): boolean {
    return error instanceof Refusal && ![404, 412, 416, 429, 503].includes(error.$metadata.httpStatusCode);
  }

  async read(request: ReadRequest): Promise<ReadAnswer> {
    this.#inFlight += 1;
    try {
      const answer = await this.#send(await this.#signed(request), request.signal);
      const status = answer.statusCode ?? 0;
      const headers = answer.headers as Record<string, string>;
      if (status < 200 || status > 299) {
        throw new Refusal(status, headers, await untilAborted(request.signal, errorText(answer), answer));
      }
      answer.once("close", () => this.#ended());
      const contentLength = headers["content-length"];
      return {
        status,
        etag: headers.etag,
        contentLength: contentLength === undefined ? undefined : Number(contentLength),
        contentRange: headers["content-range"],
        lastModified: headers["last-modified"],
        body: answer,
      };
    } catch (error) {
      this.#ended();
      throw error;
    }
  }

  /** No further reads come; those under way are finished, bodies included. */
  retire(): void {
    this.#isRetired = true;
    if (this.#inFlight === 0) this.close();
  }

  /** Breaks off whatever is under way. */
  close(): void {
    this.#agent.destroy();
  }

  /** The agent destroys sockets in use as well, so the last body must be through. */
  #ended(): void {
    this.#inFlight -= 1;
    if (this.#isRetired && this.#inFlight === 0) this.close();
  }

  async #signed({ key, ifMatch, range }: ReadRequest): Promise<HttpRequest> {
    const { protocol, hostname, port, hostHeader, pathPrefix, authScheme } = this.#route;
    const request = {
      ...{ method: "GET", protocol, hostname, path: `${pathPrefix}${encodedKey(key)}`, query: {} },
      ...(port !== undefined && { port }),
      headers: {
        host: hostHeader,
        "user-agent": `labelfleet/${version}`,
        "x-amz-content-sha256": emptyBodyHash,
        ...(ifMatch !== undefined && { "if-match": `"${ifMatch}"` }),
        ...(range && { range: rangeHeader(range) }),
      },
    } as HttpRequest;
    this.#signer ??= this.#client.config.signer(authScheme);
    const signer = await this.#signer;
    const signingDate = new Date(Date.now() + this.#client.config.systemClockOffset);
    return (await signer.sign(request, { signingDate })) as HttpRequest;
  }

  #send({ protocol, hostname, port, path, headers }: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const start = protocol === "https:" ? overHttps : overHttp;
      const request = start({ agent: this.#agent, host: hostname, port, path, headers });
      const abort = () => request.destroy(signal.reason as Error);
      const settle = () => signal.removeEventListener("abort", abort);
      signal.addEventListener("abort", abort, { once: true });
      request.once("response", (answer) => {
        settle();
        resolve(answer);
      });
      request.once("error", (error) => {
        settle();
        reject(error);
      });
      limitConnecting(request);
      if (signal.aborted) abort();
      request.end();
    });
  }
}

/** Only a new socket connects; how long an answer takes is bounded by the attempt. */
function limitConnecting(request: ClientRequest): void {
  request.once("socket", (socket) => {
    if (!socket.connecting) return;
    const expire = () => request.destroy(Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" }));
    const timer = setTimeout(expire, connectTimeoutMs);
    const clear = () => clearTimeout(timer);
    socket.once("connect", clear).once("close", clear);
  });
}

function routeOf(request: HttpRequest, authScheme: AuthScheme, key: string): Route | undefined {
  const { protocol, hostname, port, path } = request;
  const tail = encodedKey(key);
  if (authScheme.name !== "sigv4" || !path.endsWith(tail)) return undefined;
  if (protocol !== "http:" && protocol !== "https:") return undefined;
  const hostHeader = port === undefined ? hostname : `${hostname}:${port}`;
  return { protocol, hostname, port, hostHeader, pathPrefix: path.slice(0, path.length - tail.length), authScheme };
}

/** As the SDK writes keys into paths: RFC 3986's reserved characters encoded, slashes kept. */
function encodedKey(key: string): string {
  return key.split("/").map(encodedSegment).join("/");
}

function encodedSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

async function errorText(answer: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of answer) {
    body += String(chunk);
    // Leaving the loop gives the connection up.
    if (body.length > maxErrorBytes) break;
  }
  return body;
}

function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

export function rangeHeader({ start, end }: NonNullable<ReadRequest["range"]>): string {
  return `bytes=${start}-${end ?? ""}`;
}
