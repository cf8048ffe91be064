import type { Redis } from "ioredis";
import { lanePrefix } from "../queue/lanes.js";

/**
 * The advisory counters of a run, in the hash `{lf-<lane>}:run:<runId>`:
 *   `b:<batchId>:<modelId>`  "<ok>,<failed>" of one shard
 *   `t:<modelId>:ok`, `t:<modelId>:failed`, `t:<modelId>:batches`  totals
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

export interface ProducerNote {
  state: ProducerState;
  run: string;
  producerId: string;
  listedImages: number;
  listingComplete: boolean;
  /** By the clock of Redis. */
  seenMs: number;
}

const countScript = `
local old = redis.call('HGET', KEYS[1], ARGV[1])
local oldOk, oldFailed, isNew = 0, 0, 1
if old then
  local comma = string.find(old, ',', 1, true)
  oldOk = tonumber(string.sub(old, 1, comma - 1))
  oldFailed = tonumber(string.sub(old, comma + 1))
  isNew = 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ',' .. ARGV[4])
redis.call('HINCRBY', KEYS[1], ARGV[2] .. ':ok', tonumber(ARGV[3]) - oldOk)
redis.call('HINCRBY', KEYS[1], ARGV[2] .. ':failed', tonumber(ARGV[4]) - oldFailed)
redis.call('HINCRBY', KEYS[1], ARGV[2] .. ':batches', isNew)
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
    const numberAt = (i: number) => Number(counts[i] ?? 0);
    return {
      totals: modelIds.map((_, m) => ({
        ok: numberAt(3 * m),
        failed: numberAt(3 * m + 1),
        batches: numberAt(3 * m + 2),
      })),
      note: note == null ? null : (JSON.parse(note) as ProducerNote),
      halt: haltOf(paused, cancelled),
    };
  }

  async note(note: ProducerNote): Promise<void> {
    await this.#redis.multi().hset(this.#key, "m:producer", JSON.stringify(note)).expire(this.#key, keptSeconds).exec();
  }

  /** What the producer said last, and null for a run that Redis does not know (any more). */
  async lastNote(): Promise<ProducerNote | null> {
    const text = await this.#redis.hget(this.#key, "m:producer");
    return text === null ? null : (JSON.parse(text) as ProducerNote);
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

  /** Forgets the counts, so that they can be rebuilt from the folder. */
  async reset(): Promise<void> {
    await this.#redis.del(this.#key);
  }
}

function haltOf(paused: string | null | undefined, cancelled: string | null | undefined): Halt | null {
  if (cancelled != null) return "cancelled";
  return paused != null ? "paused" : null;
}
