import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { LabelfleetError } from "@labelfleet/shared/errors";

const loopbackHosts = new Set(["127.0.0.1", "localhost", "::1"]);
const cookieName = "labelfleet_session";

/**
 * The rule of where the dashboard may listen: on this machine, or anywhere with a token.
 *
 * @throws USAGE
 */
export function assertHostAllowed(host: string, hasToken: boolean): void {
  if (hasToken || loopbackHosts.has(host)) return;
  throw new LabelfleetError(
    "USAGE",
    `--host ${host} would show the dashboard to the network: set LABELFLEET_DASHBOARD_TOKEN, or use 127.0.0.1`,
  );
}

/** Whether a Host header names this machine's loopback; anything else there is a foreign page's DNS trick. */
export function isLoopbackHostHeader(header: string | undefined): boolean {
  const name = header?.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return name !== undefined && loopbackHosts.has(name.toLowerCase());
}

/** Whether a request that changes something was sent by our own pages (or by no page at all). */
export function isSameOrigin(origin: string | undefined, hostHeader: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === hostHeader;
}

/** One token that opens the dashboard. The cookie carries a value derived from it, never the token itself. */
export class TokenGate {
  readonly #token: string;
  readonly #session: string;

  constructor(token: string) {
    this.#token = token;
    this.#session = createHmac("sha256", token).update("labelfleet dashboard session").digest("base64url");
  }

  /** Compares in constant time. */
  acceptsToken(given: string): boolean {
    return equalInConstantTime(given, this.#token);
  }

  /** Whether a request's Cookie header holds the session, or its Authorization header the token (`Bearer …`). */
  acceptsRequest(headers: { cookie?: string | undefined; authorization?: string | undefined }): boolean {
    const bearer = headers.authorization?.match(/^Bearer (.+)$/)?.[1];
    if (bearer !== undefined) return this.acceptsToken(bearer);
    const session = headers.cookie
      ?.split(/;\s*/)
      .find((pair) => pair.startsWith(`${cookieName}=`))
      ?.slice(cookieName.length + 1);
    return session !== undefined && equalInConstantTime(session, this.#session);
  }

  /** The Set-Cookie header of a login; it lasts until the browser closes. */
  sessionCookie(): string {
    return `${cookieName}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`;
  }
}

/** Of texts of any length. */
export function equalInConstantTime(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
