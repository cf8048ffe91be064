import { createRequire } from "node:module";
import type { Redis } from "ioredis";
import { LabelfleetError } from "../errors.js";
import { within } from "../shutdown.js";
import { clientOptionsOf, redactRedisUrl } from "./address.js";
import { remedyOf } from "./lasting-refusal.js";
import { isPassingRefusal, refusalMessage } from "./passing-refusal.js";
import { checkSuitable } from "./suitability.js";

export type { Redis };

/** As bullmq, whose files need not be read twice either. */
const ioredis = createRequire(import.meta.url)("ioredis") as typeof import("ioredis");

/** How long a server may take to answer at all: something that only listens never does. */
const firstAnswerMs = 15_000;
/** Of the client's errors at the start; and how much of one is told. */
const keptErrors = 5;
const toldCharacters = 120;

/**
 * A client that has connected once, to a Redis that can be used. Later losses are bridged: commands wait until Redis is back.
 *
 * @param lanes those whose keys will be used, as far as that is known
 * @throws REDIS_UNAVAILABLE when Redis does not answer at the start; REDIS_UNSUITABLE when it is none that labelfleet can use,
 *   or refuses the user
 */
export async function connectRedis(url: string, lanes: readonly string[] = []): Promise<Redis> {
  const options = clientOptionsOf(url);
  // Until it has connected once nothing is tried again, and its state is looked at here, not by ioredis.
  const redis = new ioredis.Redis({
    ...options,
    lazyConnect: true,
    retryStrategy: () => null,
    reconnectOnError: () => false,
    enableReadyCheck: false,
  });
  const said: Error[] = [];
  redis.on("error", (error: Error) => {
    if (said.length < keptErrors) said.push(error);
  });
  try {
    await answered(redis.connect().then(() => redis.ping()));
    await checkSuitable(redis, "db" in options ? options.db : 0, lanes);
  } catch (error) {
    redis.disconnect();
    throw startError(url, error as Error, said);
  }
  redis.options.retryStrategy = options.retryStrategy;
  redis.options.enableReadyCheck = true;
  redis.options.reconnectOnError = (error: Error) => {
    if (isPassingRefusal(error) || remedyOf(error) !== null) refusedMs.set(redis, performance.now());
    return options.reconnectOnError.call(redis.options, error);
  };
  leaveReplicas(redis);
  return redis;
}

const roleLookMs = 5_000;

/** A client that only reads is never told READONLY: this one asks, and leaves a server that has become a replica. */
function leaveReplicas(redis: Redis): void {
  let isAsking = false;
  const timer = setInterval(async () => {
    if (redis.status !== "ready" || isAsking) return;
    isAsking = true;
    const replication = await redis.info("replication").catch(() => "");
    isAsking = false;
    if (/^role:slave/m.test(replication) && redis.status === "ready") redis.disconnect(true);
  }, roleLookMs).unref();
  redis.once("end", () => clearInterval(timer));
}

/** When Redis refused a client's command last, because of its own state or because of who asks. */
const refusedMs = new WeakMap<Redis, number>();
/** Longer than any process of ours goes without a command. */
const refusalCountsMs = 10_000;

/** Whether Redis is there for this client, and refused it nothing lately: for probes of readiness. */
export function isServing(redis: Redis): boolean {
  const sinceRefusalMs = performance.now() - (refusedMs.get(redis) ?? Number.NEGATIVE_INFINITY);
  return redis.status === "ready" && sinceRefusalMs > refusalCountsMs;
}

async function answered(answer: Promise<string>): Promise<void> {
  if ((await within(firstAnswerMs, answer)) === undefined) throw new Error("no answer");
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

/**
 * What went wrong at the start, with the address. What the client's command was rejected with may be no more than "connection
 * is closed", which hides what the client said before.
 */
function startError(url: string, thrown: Error, said: readonly Error[]): LabelfleetError {
  const where = redactRedisUrl(url);
  if (thrown instanceof LabelfleetError) return new LabelfleetError(thrown.code, `${where}: ${thrown.message}`);
  const errors = [...said, thrown];
  const lasting = errors.find((error) => !isPassingRefusal(error) && remedyOf(error, refusalMessage(error)) !== null);
  const cause = lasting ?? errors[0]!;
  const message = refusalMessage(cause);
  const [reason = ""] = message.split("\n");
  const told = reason.length > toldCharacters ? `${reason.slice(0, toldCharacters)} …` : reason;
  return lasting === undefined
    ? new LabelfleetError(
        "REDIS_UNAVAILABLE",
        `Redis at ${where} cannot be used (${told}): start it, or correct REDIS_URL`,
        { cause },
      )
    : new LabelfleetError(
        "REDIS_UNSUITABLE",
        `Redis at ${where} cannot be used (${told}): ${remedyOf(cause, message)}`,
        {
          cause,
        },
      );
}
