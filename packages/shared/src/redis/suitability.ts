import type { Redis } from "ioredis";
import { LabelfleetError } from "../errors.js";
import { sleep } from "../shutdown.js";
import { checkRights } from "./rights.js";

const minimumVersion = [6, 2] as const;
/** How long a Redis may take to load what it saved. */
const maxLoadingMs = 60_000;
const lookAgainMs = 500;

/**
 * Checks what labelfleet relies on: a single Redis 6.2 or newer, or one that speaks as it does, that is the master, evicts
 * nothing, has the database, and lets the user do all that is needed. Waits while it is loading.
 *
 * @param db the number at the end of REDIS_URL
 * @param lanes those whose keys will be used, as far as that is known
 * @throws REDIS_UNSUITABLE, REDIS_UNAVAILABLE when it is loading for too long
 */
export async function checkSuitable(redis: Redis, db: number, lanes: readonly string[]): Promise<void> {
  const complaint = complaintOf(await infoOf(redis));
  if (complaint !== null) throw new LabelfleetError("REDIS_UNSUITABLE", complaint);
  // At a connection's start ioredis selects it without telling when that is refused.
  if (db !== 0) await redis.select(db);
  await checkRights(redis, lanes);
}

/** Why a Redis that says this of itself cannot be used; null when it can. */
export function complaintOf(info: ReadonlyMap<string, string>): string | null {
  const version = info.get("redis_version");
  if (version === undefined) return "what answers at REDIS_URL is no Redis: it does not say its version";
  const mode = info.get("redis_mode") ?? "standalone";
  if (mode === "sentinel") return "REDIS_URL leads to a Sentinel: name the master that it watches, not the Sentinel";
  if (mode !== "standalone") {
    return `Redis runs in ${mode} mode, which is not supported yet: use a single Redis with cluster mode off (cluster-enabled no)`;
  }
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < minimumVersion[0] || (major === minimumVersion[0] && minor < minimumVersion[1])) {
    return `Redis ${version} is too old: labelfleet needs 6.2 or newer`;
  }
  const role = info.get("role") ?? "master";
  if (role !== "master") {
    const master = info.has("master_host")
      ? ` (its master is ${info.get("master_host")}:${info.get("master_port")})`
      : "";
    return `REDIS_URL leads to a replica, which takes no writes${master}: name the master, not a reader endpoint`;
  }
  const policy = info.get("maxmemory_policy") ?? "noeviction";
  return policy === "noeviction"
    ? null
    : `Redis may evict keys (maxmemory-policy ${policy}): set maxmemory-policy to noeviction`;
}

/** What a person should know of a Redis that can be used, one line each. */
export async function warningsOf(redis: Redis): Promise<string[]> {
  return (await isPersisted(redis))
    ? []
    : ["Redis persistence is off: after a restart of Redis, run `npx labelfleet resume` to rebuild the queue"];
}

async function infoOf(redis: Redis): Promise<Map<string, string>> {
  const deadlineMs = performance.now() + maxLoadingMs;
  for (;;) {
    const info = parseInfo(await redis.info());
    if ((info.get("loading") ?? "0") === "0") return info;
    if (performance.now() > deadlineMs) {
      throw new LabelfleetError("REDIS_UNAVAILABLE", "Redis is still loading what it saved: try again when it has");
    }
    await sleep(lookAgainMs);
  }
}

async function isPersisted(redis: Redis): Promise<boolean> {
  if (parseInfo(await redis.info("persistence")).get("aof_enabled") === "1") return true;
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
