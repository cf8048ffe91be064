import { LabelfleetError } from "@labelfleet/shared/errors";
import { EnvHttpProxyAgent, request } from "undici";
import { defaultHubLimits, type HubLimits } from "./hub-limits.js";

/** Where models are pulled from, and as whom. */
export interface HubOptions {
  /** The hub's address: HF_ENDPOINT. */
  readonly endpoint: string;
  /** Sent to the endpoint's own origin (scheme, host and port) and to no other: HF_TOKEN. */
  readonly token: string | null;
}

export interface HubResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Where the bytes came from, after redirects. */
  readonly url: string;
  readonly body: AsyncIterable<Buffer> & { dump(options: { limit: number; signal: AbortSignal }): Promise<void> };
}

const maxRedirects = 5;
const dumpedBytes = 64 * 1024;
const dumpMs = 1_000;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * HTTP as the hub speaks it (https://huggingface.co/docs/hub/models-downloading): files lie at
 * `<endpoint>/<repo>/resolve/<revision>/<path>`, and large ones are a redirect to a storage host, which must not see the token.
 * HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured.
 */
export class HubClient {
  readonly limits: HubLimits;
  /** Aborts when everything together takes longer than `limits.totalMs`. */
  readonly #deadline: AbortSignal;
  readonly #options: HubOptions;
  readonly #agent: EnvHttpProxyAgent;

  constructor(options: HubOptions, limits: HubLimits = defaultHubLimits) {
    this.#options = options;
    this.limits = limits;
    this.#agent = new EnvHttpProxyAgent({ headersTimeout: limits.silenceMs, bodyTimeout: limits.silenceMs });
    this.#deadline = AbortSignal.timeout(limits.totalMs);
  }

  get isOutOfTime(): boolean {
    return this.#deadline.aborted;
  }

  /** The address of a repository's file. */
  addressOf(repo: string, revision: string, file: string): string {
    const endpoint = this.#options.endpoint.replace(/\/+$/, "");
    return `${endpoint}/${repo}/resolve/${encodeURIComponent(revision)}/${file}`;
  }

  /**
   * A GET or HEAD, following redirects. The caller reads or dumps the body.
   *
   * @param onRedirect sees each answer on the way, whose headers say more of a large file than the last one's
   * @throws HUB_UNAVAILABLE where nothing answers, or answers 5xx or 429, or redirects to something else than HTTP
   */
  async fetch(
    method: "GET" | "HEAD",
    address: string,
    headers: Readonly<Record<string, string>> = {},
    onRedirect: (headers: HubResponse["headers"]) => void = () => {},
  ): Promise<HubResponse> {
    let url = new URL(address);
    for (let hops = 0; hops <= maxRedirects; hops++) {
      const response = await this.#once(method, url, headers);
      const { location } = response.headers;
      if (!redirects.has(response.statusCode) || location === undefined) return response;
      onRedirect(response.headers);
      await dump(response);
      url = redirected(url, location);
    }
    throw unavailable(`${address} redirects more than ${maxRedirects} times`);
  }

  get outOfTime(): string {
    return `the pull took longer than ${Math.round(this.limits.totalMs / 1_000)} s; what came is kept, pull again to go on`;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #once(method: "GET" | "HEAD", url: URL, headers: Readonly<Record<string, string>>): Promise<HubResponse> {
    const { endpoint, token } = this.#options;
    const isHub = url.origin === new URL(endpoint).origin;
    const authorization = token !== null && isHub ? { authorization: `Bearer ${token}` } : {};
    let response: Awaited<ReturnType<typeof request>>;
    try {
      // "identity": a body that is compressed on the way could not be resumed by its bytes.
      const sent = { "user-agent": "labelfleet", "accept-encoding": "identity", ...headers, ...authorization };
      response = await request(url, { method, dispatcher: this.#agent, headers: sent, signal: this.#deadline });
    } catch (cause) {
      if (this.isOutOfTime) throw unavailable(`${url.host}: ${this.outOfTime}`, cause);
      throw unavailable(
        `${url.host} cannot be reached (${reasonOf(cause)}). Behind a proxy, set HTTPS_PROXY; for a mirror, HF_ENDPOINT`,
        cause,
      );
    }
    const { statusCode, body } = response;
    if (statusCode >= 500 || statusCode === 429) {
      await dump({ body });
      throw unavailable(`${url.host} answers ${statusCode}`);
    }
    return { statusCode, headers: singleValues(response.headers), url: url.href, body };
  }
}

/** Done with an answer whose body nobody wants: a short one is read, so that its connection can be used again. */
export async function dump({ body }: Pick<HubResponse, "body">): Promise<void> {
  await body.dump({ limit: dumpedBytes, signal: AbortSignal.timeout(dumpMs) }).catch(() => undefined);
}

function redirected(from: URL, location: string): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : null;
  const isHttp = url?.protocol === "https:" || (url?.protocol === "http:" && from.protocol === "http:");
  if (url !== null && isHttp) return url;
  const to = url === null ? "something that is no address" : `${url.protocol}//${url.host}`;
  throw new LabelfleetError(
    "MODEL_INVALID",
    `model hub: ${from.host} redirects from ${from.protocol}// to ${to}: refused`,
  );
}

export function unavailable(what: string, cause?: unknown): LabelfleetError {
  return new LabelfleetError("HUB_UNAVAILABLE", `model hub: ${what}`, { cause });
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : (error.message.split("\n")[0] ?? error.name);
}

function singleValues(headers: Record<string, string | string[] | undefined>): HubResponse["headers"] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value[0] : value]),
  );
}
