import type { Redis } from "ioredis";
import { LabelfleetError } from "../errors.js";
import { batchesQueue, lanePrefix } from "../queue/lanes.js";
import { isPassingRefusal } from "./passing-refusal.js";

/** What cannot be tried inside a script. */
const connectionCommands = [
  ..."hello ping info select client|setname client|list multi exec eval evalsha bzpopmin".split(" "),
] as const;

const [text, hash, list, set, sorted, stream] = ["text", "hash", "list", "set", "sorted", "stream"].map(
  (type) => `lf:rights:${type}`,
) as [string, string, string, string, string, string];

/** Every other command that labelfleet uses, itself and through BullMQ, as a call that changes nothing but keys of its own. */
const calls: readonly (readonly [command: string, ...args: string[]])[] = [
  ["set", text, "1"],
  ...["get", "incr", "exists", "pttl", "persist"].map((command) => [command, text] as const),
  ["expire", text, "60"],
  ["pexpire", text, "60000"],
  ["hset", hash, "a", "1"],
  ["hmset", hash, "a", "1"],
  ...["hget", "hmget", "hexists"].map((command) => [command, hash, "a"] as const),
  ["hgetall", hash],
  ["hincrby", hash, "a", "1"],
  ["hdel", hash, "a"],
  ["lpush", list, "a"],
  ["lindex", list, "0"],
  ["llen", list],
  ["lpos", list, "a"],
  ["lrange", list, "0", "-1"],
  ["lrem", list, "0", "b"],
  ["ltrim", list, "0", "-1"],
  ["rpoplpush", list, list],
  ["rpop", list],
  ["sadd", set, "a"],
  ["scard", set],
  ["smembers", set],
  ["srem", set, "a"],
  ["xadd", stream, "*", "a", "1"],
  ["xtrim", stream, "MAXLEN", "0"],
  ["zadd", sorted, "1", "a"],
  ["zcard", sorted],
  ["zcount", sorted, "-inf", "+inf"],
  ["zrange", sorted, "0", "-1"],
  ["zrangebyscore", sorted, "-inf", "+inf"],
  ["zrevrange", sorted, "0", "-1"],
  ["zrevrangebyscore", sorted, "+inf", "-inf"],
  ["zscore", sorted, "a"],
  ["zrem", sorted, "b"],
  ["zremrangebyrank", sorted, "5", "6"],
  ["zremrangebyscore", sorted, "5", "6"],
  ["zpopmin", sorted],
  ["time"],
  ["del", text, hash, list, set, sorted, stream],
  // For bzpopmin, which scripts may not call.
  ["zadd", sorted, "1", "a"],
];

/** Every command that labelfleet needs. docs/configuration.md lists the same ones. */
export const neededCommands: ReadonlySet<string> = new Set([...connectionCommands, ...calls.map(([name]) => name)]);

/**
 * Tries each call and returns the numbers of those that are refused to the user. Not by redis.acl_check_cmd, which Redis 6 has
 * not, and which has crashed servers when a call lacked arguments.
 */
const refusedScript = `
local refused = {}
local unpack = unpack or table.unpack
for number, call in ipairs(cjson.decode(ARGV[1])) do
  local answer = redis.pcall(unpack(call))
  local err = type(answer) == 'table' and answer.err
  if err and (string.find(err, 'NOPERM', 1, true) or string.find(err, 'no permissions', 1, true)
      or string.find(err, 'ACL failure', 1, true) or string.find(err, 'user executing the script', 1, true)) then
    -- Negative where it is the key that the user may not touch.
    table.insert(refused, string.find(err, 'access', 1, true) and -number or number)
  end
end
return refused
`;

/** How many of them a message names. */
const namedRights = 12;
const briefSeconds = 0.01;
const noScript = "0".repeat(40);

/**
 * Makes sure that the user may do all that is needed, before a run depends on it.
 *
 * @param lanes those whose keys will be used, as far as that is known
 * @throws REDIS_UNSUITABLE naming what is lacking; the error of Redis where even asking is refused
 */
export async function checkRights(redis: Redis, lanes: readonly string[]): Promise<void> {
  const laneCalls = lanes.map((lane) => ["get", `${lanePrefix(lane)}:${batchesQueue}:rights`] as const);
  const asked = [...calls, ...laneCalls];
  const refused = await unlessBusy(redis.eval(refusedScript, 0, JSON.stringify(asked)) as Promise<number[]>);
  const rights = (refused ?? []).map((number) => {
    const [command, key] = asked[Math.abs(number) - 1]!;
    if (number > 0) return `+${command}`;
    return key?.startsWith("lf:") ? "~lf:*" : `~${key?.replace(/[^:]*$/, "*")}`;
  });
  if (rights.length > 0) throw lacking([...new Set(rights)]);
  const [isWithoutMulti] = await Promise.all([
    lacksMulti(redis),
    unlessBusy(redis.evalsha(noScript, 0)),
    unlessBusy(redis.bzpopmin(sorted, briefSeconds)),
  ]);
  if (isWithoutMulti) throw lacking(["+multi", "+exec"]);
}

function lacking(rights: string[]): LabelfleetError {
  const more = rights.length > namedRights ? ` and ${rights.length - namedRights} more` : "";
  return new LabelfleetError(
    "REDIS_UNSUITABLE",
    `the user of REDIS_URL lacks rights: ${rights.slice(0, namedRights).join(" ")}${more}; docs/configuration.md lists, under Redis, what to grant`,
  );
}

/** The client only passes on what became of EXEC: that it stood alone, or that it was discarded although nothing before it was. */
async function lacksMulti(redis: Redis): Promise<boolean> {
  try {
    await redis.multi().time().exec();
    return false;
  } catch (error) {
    const { message, previousErrors = [] } = error as Error & { previousErrors?: Error[] };
    if (/EXEC without MULTI/.test(message)) return true;
    if (message.startsWith("EXECABORT") && previousErrors.length === 0) return true;
    if (isPassingRefusal(error)) return false;
    throw error;
  }
}

/** A Redis that is full, say, refuses these too, but says nothing of rights by that. */
async function unlessBusy<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isPassingRefusal(error) || (error as Error).message.startsWith("NOSCRIPT")) return null;
    throw error;
  }
}
