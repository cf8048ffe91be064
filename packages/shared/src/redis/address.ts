import { LabelfleetError } from "../errors.js";
import { isFromNoMaster } from "./passing-refusal.js";

/** The address without its password, for messages. */
export function redactRedisUrl(url: string): string {
  if (url.startsWith("unix:")) return url;
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname === "/" ? "" : parsed.pathname}`;
  } catch {
    return "the address in REDIS_URL";
  }
}

/** Where Redis is, in the words that both ioredis and BullMQ take. */
export type RedisAddress =
  | { path: string }
  | {
      host: string;
      port: number;
      db: number;
      username?: string;
      password?: string;
      tls?: Record<string, never>;
      socketTimeout: number;
    };

/**
 * A connection over a network that says nothing for so long while an answer is due counts as dead, and its commands are sent
 * again over a new one. Left to the back-off of TCP, they may stay silent long after the network is back. BullMQ waits for jobs 10 s at most.
 */
const silentSocketMs = 20_000;

/**
 * Connection options for `redis://`, `rediss://` and `unix:///path/to/socket`.
 *
 * @throws USAGE for any other address.
 */
export function redisOptionsOf(url: string): RedisAddress {
  if (url.startsWith("unix:")) return { path: url.replace(/^unix:(\/\/)?/, "") };
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new LabelfleetError("USAGE", "REDIS_URL is not an address: expected redis://[user:password@]host:port[/db]");
  }
  if (parsed.protocol !== "redis:" && parsed.protocol !== "rediss:") {
    throw new LabelfleetError("USAGE", `REDIS_URL has the scheme ${parsed.protocol} expected redis:, rediss: or unix:`);
  }
  const decoded = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      throw new LabelfleetError("USAGE", "REDIS_URL has a % in its user or password that is not percent-encoded (%25)");
    }
  };
  const db = parsed.pathname.length > 1 ? Number(parsed.pathname.slice(1)) : 0;
  if (!Number.isInteger(db) || db < 0) {
    throw new LabelfleetError("USAGE", "REDIS_URL ends in something that is not a db number");
  }
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, "") || "127.0.0.1",
    port: parsed.port === "" ? 6379 : Number(parsed.port),
    db,
    ...(parsed.username === "" ? {} : { username: decoded(parsed.username) }),
    ...(parsed.password === "" ? {} : { password: decoded(parsed.password) }),
    ...(parsed.protocol === "rediss:" ? { tls: {} } : {}),
    socketTimeout: silentSocketMs,
  };
}

const connectTimeoutMs = 5_000;
/** The longest pause between two attempts to connect. */
const maxReconnectDelayMs = 2_000;
/** A server that is no master is left this often at most: the name may lead to it for a while. */
const leaveEveryMs = 2_000;

/**
 * Options for clients that live long, ours and BullMQ's: commands wait until Redis is back, and a server that is not the master
 * any more is left. Each connection resolves the host's name anew, so after a fail-over it leads to the new master.
 */
export function clientOptionsOf(url: string) {
  const leftMs = new WeakMap<object, number>();
  return {
    ...redisOptionsOf(url),
    maxRetriesPerRequest: null,
    connectTimeout: connectTimeoutMs,
    // The name and version of the library: two commands that a narrow ACL would have to allow.
    disableClientInfo: true,
    retryStrategy: (times: number) => Math.min(times * 100, maxReconnectDelayMs),
    /** ioredis calls it as a method of the client's own copy of these options. True: the connection is made anew. */
    reconnectOnError(error: Error): boolean {
      if (!isFromNoMaster(error)) return false;
      const nowMs = performance.now();
      if (nowMs - (leftMs.get(this) ?? Number.NEGATIVE_INFINITY) < leaveEveryMs) return false;
      leftMs.set(this, nowMs);
      return true;
    },
  };
}
