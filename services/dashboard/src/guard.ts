import type { FastifyInstance, FastifyRequest } from "fastify";
import { boardCsrf, type CsrfGuard } from "./actions/csrf.js";
import { isLoopbackHostHeader, isSameOrigin, type TokenGate } from "./login/auth.js";
import { waitSeconds } from "./login/login.js";

const openPaths = new Set(["/login", "/healthz", "/readyz", "/login.css"]);

/** What changes nothing but whether one is logged in. */
const ownSession = new Set(["/login", "/logout"]);

const ownPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Bull Board sets styles from its scripts, and asks for web fonts, which this refuses: nothing leaves the machine. */
const boardPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
].join("; ");

export interface GuardOptions {
  gate: TokenGate | null;
  boardPath: string;
  isReadOnly: boolean;
  /** What changes of queues must carry; null where Bull Board only shows them. */
  queueActions: CsrfGuard | null;
}

/**
 * What every request has to pass, and the headers that every response carries. Without a token only loopback may ask,
 * under a loopback name, so that no foreign page reaches us by a DNS name of its own; and whatever changes something
 * must come from our own pages. A read-only dashboard changes nothing at all, and queues are changed only where that was asked
 * for: a job names what a worker reads and writes.
 */
export function guardRequests(app: FastifyInstance, { gate, boardPath, isReadOnly, queueActions }: GuardOptions): void {
  app.addHook("onRequest", async (request, reply) => {
    const path = request.url.split("?")[0] ?? "/";
    const isBoard = path === boardPath || path.startsWith(`${boardPath}/`);
    reply.headers({
      "content-security-policy": isBoard ? boardPolicy : ownPolicy,
      "x-content-type-options": "nosniff",
      // Not "no-referrer": browsers then send the login form with "Origin: null", which is none of ours.
      "referrer-policy": "same-origin",
    });
    if (!isBoard) reply.header("cache-control", "no-store");

    if (gate === null && !isLoopbackHostHeader(request.headers.host)) {
      return reply.code(421).send({ error: "without a token the dashboard answers to 127.0.0.1 and localhost only" });
    }
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (!isRead && !isSameOrigin(request.headers.origin, request.headers.host)) {
      return reply.code(403).send({ error: "this request came from another site's page" });
    }
    if (isReadOnly && !isRead && !ownSession.has(path)) {
      return reply.code(403).send({ error: "this dashboard only shows: it was started with --read-only" });
    }
    const admission = gate === null || openPaths.has(path) ? "accepted" : gate.admit(request);
    if (admission === "accepted") {
      const refusal = isBoard && !isRead ? refusalOfQueueAction(request, queueActions) : null;
      return refusal === null ? undefined : reply.code(403).send({ error: refusal });
    }
    // What an unknown client still sends is not waited for.
    if (!isRead) reply.header("connection", "close");
    if (admission !== "refused") {
      reply.header("retry-after", waitSeconds(admission));
      return reply.code(429).send({ error: "too many wrong tokens came from this address: try again later" });
    }
    // People get the form; programs get a status they can read.
    if (isRead && request.headers.accept?.includes("text/html")) return reply.redirect("/login", 303);
    return reply.code(401).send({ error: "log in at /login, or send the token as Authorization: Bearer" });
  });
}

/** Why a queue may not be changed by this request; null where it may. */
function refusalOfQueueAction({ headers }: FastifyRequest, queueActions: CsrfGuard | null): string | null {
  if (queueActions === null) return "this dashboard only shows queues: start it with --queue-actions";
  if (queueActions.accepts(headers[boardCsrf.header])) return null;
  return `the header ${boardCsrf.header} is missing or old: load the page again`;
}
