import { createHash, timingSafeEqual } from "node:crypto";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { type Asking, clientAddress, isOverTls } from "./client-address.js";
import { GuessLimit } from "./guess-limit.js";
import { Sessions, sessionMs } from "./sessions.js";

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

/** What becomes of a request or a token: "wait" is one that was not even looked at. */
export type Admission = "accepted" | "refused" | { readonly waitMs: number };

/** One token that opens the dashboard. The cookie carries a session's id, which has nothing of the token. */
export class TokenGate {
  readonly #token: string;
  readonly #sessions = new Sessions();
  readonly #guesses: GuessLimit;
  readonly #now: () => number;

  /** @param log told of wrong tokens, now and then */
  constructor(
    token: string,
    { log = () => {}, now = Date.now }: { log?: (line: string) => void; now?: () => number } = {},
  ) {
    this.#token = token;
    this.#guesses = new GuessLimit(log);
    this.#now = now;
  }

  /** Compares in constant time, unless this client has to wait after wrong ones. */
  admitToken(given: string, request: Asking): Admission {
    const client = clientAddress(request);
    const waitMs = this.#guesses.pauseMs(client, this.#now());
    if (waitMs > 0) {
      this.#guesses.unseen(client, this.#now());
      return { waitMs };
    }
    if (equalInConstantTime(given, this.#token)) {
      this.#guesses.right(client);
      return "accepted";
    }
    this.#guesses.wrong(client, this.#now());
    return "refused";
  }

  /** By the session in a request's Cookie header, or the token in its Authorization header (`Bearer …`). */
  admit(request: Asking): Admission {
    const bearer = request.headers.authorization?.match(/^Bearer (.+)$/)?.[1];
    if (bearer !== undefined) return this.admitToken(bearer, request);
    return this.sessionOf(request.headers) === null ? "refused" : "accepted";
  }

  /** The id of the open session that a request's Cookie header holds, or null. */
  sessionOf({ cookie }: { cookie?: string | undefined }): string | null {
    const ids = (cookie?.split(/;\s*/) ?? [])
      .filter((pair) => pair.startsWith(`${cookieName}=`))
      .map((pair) => pair.slice(cookieName.length + 1));
    return ids.find((id) => this.#sessions.isOpen(id, this.#now())) ?? null;
  }

  /** Opens a session. Returns the Set-Cookie header. */
  logIn({ headers }: Asking): string {
    return cookieHeader(this.#sessions.open(this.#now()), sessionMs / 1_000, isOverTls(headers));
  }

  /** Ends the session of a request, for whoever has its cookie. Returns the Set-Cookie header. */
  logOut({ headers }: Asking): string {
    const id = this.sessionOf(headers);
    if (id !== null) this.#sessions.close(id);
    return cookieHeader("", 0, isOverTls(headers));
  }
}

function cookieHeader(value: string, maxAgeSeconds: number, isSecure: boolean): string {
  const secure = isSecure ? "; Secure" : "";
  return `${cookieName}=${value}; Path=/; Max-Age=${maxAgeSeconds}${secure}; HttpOnly; SameSite=Strict`;
}

/** Of texts of any length. */
export function equalInConstantTime(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
