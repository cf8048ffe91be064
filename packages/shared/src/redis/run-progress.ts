import type { Redis } from "ioredis";
import { z } from "zod";
import { maxUriCharacters } from "../contract/ids.js";
import { lanePrefix } from "../queue/lanes.js";
import { parsedEntry } from "./malformed.js";

/**
 * The advisory counters of a run, in the hash `{lf-<lane>}:run:<runId>`:
 *   `b:<batchId>:<modelId>`  "<ok>,<failed>" of one shard
 *   `t:<modelId>:ok`, `t:<modelId>:failed`, `t:<modelId>:batches`  totals
 *   `m:run`  the run's address, as its producer registered it; workers take no batch of a run that is not registered
 *   `m:producer`  what the producer says of itself
 *   `m:paused`  there while no producer may feed the run
 *   `m:cancelled`  there once the run was cancelled; what counts is the mark in its folder
 * Setting a batch's counts adds only the difference to the totals, so counting twice changes nothing.
 */
export interface BatchCounts {
  batchId: string;
  modelId: string;
  ok: number;
  failed: number;
}

export interface ModelTotals {
  ok: number;
  failed: number;
  batches: number;
}

export const producerStates = ["listing", "feeding", "finalizing", "done", "stopped"] as const;
export type ProducerState = (typeof producerStates)[number];

const producerNoteSchema = z.object({
  state: z.enum(producerStates),
  run: z.string().max(maxUriCharacters),
  producerId: z.string(),
  listedImages: z.number(),
  listingComplete: z.boolean(),
  /** By the clock of Redis. */
  seenMs: z.number(),
});
export type ProducerNote = z.infer<typeof producerNoteSchema>;

const countScript = `
local old = redis.call('HGET', KEYS[1], ARGV[1])
-- What cannot be read counts as nothing.
local oldOk, oldFailed = string.match(old or '', '^(%d+),(%d+)$')
local isNew = oldOk and 0 or 1
oldOk, oldFailed = tonumber(oldOk or 0), tonumber(oldFailed or 0)
local function add(name, difference)
  local field = ARGV[2] .. name
  local total = redis.call('HGET', KEYS[1], field)
  if total and not string.match(total, '^-?%d+$') then redis.call('HDEL', KEYS[1], field) end
  redis.call('HINCRBY', KEYS[1], field, difference)
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ',' .. ARGV[4])
add(':ok', tonumber(ARGV[3]) - oldOk)
add(':failed', tonumber(ARGV[4]) - oldFailed)
add(':batches', isNew)
return isNew
`;

const totalNames = ["ok", "failed", "batches"] as const;

/** Counters stay for a week after a producer's last word, so that people can still look at them; the folder has them for ever. */
const keptSeconds = 7 * 24 * 3600;

/** What people have said to all producers of a run. */
export type Halt = "paused" | "cancelled";

export class RunProgress {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(redis: Redis, lane: string, runId: string) {
    this.#redis = redis;
    this.#key = `${lanePrefix(lane)}:run:${runId}`;
  }

  async count({ batchId, modelId, ok, failed }: BatchCounts): Promise<void> {
    await this.#redis.eval(countScript, 1, this.#key, `b:${batchId}:${modelId}`, `t:${modelId}`, ok, failed);
  }

  /** For each batch, whether every model has been counted. */
  async finished(batchIds: string[], modelIds: string[]): Promise<boolean[]> {
    if (batchIds.length === 0) return [];
    const fields = batchIds.flatMap((batchId) => modelIds.map((modelId) => `b:${batchId}:${modelId}`));
    const counts = await this.#redis.hmget(this.#key, ...fields);
    return batchIds.map((_, i) =>
      counts.slice(i * modelIds.length, (i + 1) * modelIds.length).every((count) => count !== null),
    );
  }

  async totals(modelIds: string[]): Promise<Map<string, ModelTotals>> {
    const { totals } = await this.stand(modelIds);
    return new Map(modelIds.map((modelId, m) => [modelId, totals[m]!]));
  }

  /** Everything that is shown of a run, in one question; totals are in the order of the models. */
  async stand(modelIds: string[]): Promise<{ totals: ModelTotals[]; note: ProducerNote | null; halt: Halt | null }> {
    const fields = modelIds.flatMap((modelId) => totalNames.map((name) => `t:${modelId}:${name}`));
    const asked = ["m:producer", "m:paused", "m:cancelled", ...fields];
    const [note, paused, cancelled, ...counts] = await this.#redis.hmget(this.#key, ...asked);
    const numberAt = (i: number) => Number(counts[i] ?? 0) || 0;
    return {
      totals: modelIds.map((_, m) => ({
        ok: numberAt(3 * m),
        failed: numberAt(3 * m + 1),
        batches: numberAt(3 * m + 2),
      })),
      note: this.#noteIn(note ?? null),
      halt: haltOf(paused, cancelled),
    };
  }

  async note(note: ProducerNote): Promise<void> {
    await this.#redis.multi().hset(this.#key, "m:producer", JSON.stringify(note)).expire(this.#key, keptSeconds).exec();
  }

  /** What the producer said last, and null for a run that Redis does not know (any more). */
  async lastNote(): Promise<ProducerNote | null> {
    return this.#noteIn(await this.#redis.hget(this.#key, "m:producer"));
  }

  /** Says that batches of the run, which lies at this address, are in the queue by intent. No job can do that. */
  async register(run: string): Promise<void> {
    await this.#redis.multi().hset(this.#key, "m:run", run).expire(this.#key, keptSeconds).exec();
  }

  /** The address that a producer registered; null when none did. Older producers only noted it. */
  async registeredRun(): Promise<string | null> {
    const [run, note] = await this.#redis.hmget(this.#key, "m:run", "m:producer");
    return run ?? this.#noteIn(note ?? null)?.run ?? null;
  }

  /** Tells every producer of the run to stop, until `goOn`. */
  async pause(): Promise<void> {
    await this.#redis.multi().hset(this.#key, "m:paused", "1").expire(this.#key, keptSeconds).exec();
  }

  /** Says to who looks on that the run was cancelled. */
  async noteCancelled(): Promise<void> {
    await this.#redis.multi().hset(this.#key, "m:cancelled", "1").expire(this.#key, keptSeconds).exec();
  }

  /** Takes both away again. */
  async goOn(): Promise<void> {
    await this.#redis.hdel(this.#key, "m:paused", "m:cancelled");
  }

  async halt(): Promise<Halt | null> {
    const [paused, cancelled] = await this.#redis.hmget(this.#key, "m:paused", "m:cancelled");
    return haltOf(paused, cancelled);
  }

  async isPaused(): Promise<boolean> {
    return (await this.#redis.hexists(this.#key, "m:paused")) === 1;
  }

  #noteIn(text: string | null): ProducerNote | null {
    return text === null ? null : parsedEntry(this.#redis, `${this.#key} m:producer`, text, producerNoteSchema);
  }

  /** Forgets the counts, so that they can be rebuilt from the folder. */
  async reset(): Promise<void> {
    await this.#redis.del(this.#key);
  }
}

function haltOf(paused: string | null | undefined, cancelled: string | null | undefined): Halt | null {
  if (cancelled != null) return "cancelled";
  return paused != null ? "paused" : null;
}
