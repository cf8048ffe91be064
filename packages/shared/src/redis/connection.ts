import { createRequire } from "node:module";
import type { Redis } from "ioredis";
import { LabelfleetError } from "../errors.js";

export type { Redis };

/** As bullmq, whose files need not be read twice either. */
const ioredis = createRequire(import.meta.url)("ioredis") as typeof import("ioredis");

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
  if (!Number.isInteger(db)) throw new LabelfleetError("USAGE", "REDIS_URL ends in something that is not a db number");
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

/**
 * A client that has connected once. Later losses are bridged: commands wait until Redis is back.
 *
 * @throws REDIS_UNAVAILABLE when Redis does not answer at the start.
 */
export async function connectRedis(url: string): Promise<Redis> {
  const redis = new ioredis.Redis({
    ...redisOptionsOf(url),
    lazyConnect: true,
    maxRetriesPerRequest: null,
    connectTimeout: connectTimeoutMs,
    retryStrategy: () => null,
  });
  let lastError: unknown;
  redis.on("error", (error: unknown) => {
    lastError = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    throw unreachable(url, lastError ?? error);
  }
  redis.options.retryStrategy = (times: number) => Math.min(times * 100, 2_000);
  return redis;
}

/** Aborts, with REDIS_UNAVAILABLE as its reason, when a connection is lost and does not come back within the bound. */
export function watchForLoss(redis: Pick<Redis, "on">, maxAwayMs: number): AbortSignal {
  const gone = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  redis.on("close", () => {
    const message = `Redis has been away for ${Math.round(maxAwayMs / 1000)} s (LABELFLEET_REDIS_WAIT_SECONDS)`;
    timer ??= setTimeout(() => gone.abort(new LabelfleetError("REDIS_UNAVAILABLE", message)), maxAwayMs).unref();
  });
  redis.on("ready", () => {
    clearTimeout(timer);
    timer = undefined;
  });
  return gone.signal;
}

function unreachable(url: string, cause: unknown): LabelfleetError {
  const reason = cause instanceof Error ? cause.message.split("\n")[0] : "no answer";
  return new LabelfleetError(
    "REDIS_UNAVAILABLE",
    `Redis at ${redactRedisUrl(url)} cannot be used (${reason}): start it, or correct REDIS_URL`,
    { cause },
  );
}

const minimumVersion = [6, 2] as const;

/**
 * Checks what the queue relies on: Redis 6.2 or newer, and no eviction. Returns warnings, one line each.
 *
 * @throws REDIS_UNSUITABLE
 */
export async function checkRedis(redis: Redis): Promise<string[]> {
  const info = parseInfo(await redis.info());
  const version = info.get("redis_version") ?? "0.0.0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < minimumVersion[0] || (major === minimumVersion[0] && minor < minimumVersion[1])) {
    throw new LabelfleetError("REDIS_UNSUITABLE", `Redis ${version} is too old: labelfleet needs 6.2 or newer`);
  }
  const policy = info.get("maxmemory_policy") ?? "noeviction";
  if (policy !== "noeviction") {
    throw new LabelfleetError(
      "REDIS_UNSUITABLE",
      `Redis may evict keys (maxmemory-policy ${policy}): set maxmemory-policy to noeviction`,
    );
  }
  return (await isPersisted(redis, info))
    ? []
    : ["Redis persistence is off: after a restart of Redis, run `npx labelfleet resume` to rebuild the queue"];
}

async function isPersisted(redis: Redis, info: Map<string, string>): Promise<boolean> {
  if (info.get("aof_enabled") === "1") return true;
  try {
    const [, save = ""] = (await redis.config("GET", "save")) as string[];
    return save !== "";
  } catch {
    return true; // Managed services refuse CONFIG; they look after persistence themselves.
  }
}

function parseInfo(info: string): Map<string, string> {
  const pairs = info.split(/\r?\n/).filter((line) => line.includes(":"));
  return new Map(pairs.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}
