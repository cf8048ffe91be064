import { type BatchQueue, openQueue } from "@labelfleet/shared/queue/batch-queue";

/** Lanes beyond these are not shown: each is a connection to Redis. */
export const maxLanes = 64;

/** One open queue for each lane, for the overview and Bull Board together. Lanes may appear while it runs. */
export class LaneQueues {
  readonly #redisUrl: string;
  readonly #queues = new Map<string, BatchQueue>();

  constructor(redisUrl: string) {
    this.#redisUrl = redisUrl;
  }

  /** The queues of these lanes, opened where they were not yet. */
  open(lanes: string[]): [lane: string, queue: BatchQueue][] {
    return lanes.slice(0, maxLanes).map((lane) => {
      const queue = this.#queues.get(lane) ?? openQueue(this.#redisUrl, lane);
      this.#queues.set(lane, queue);
      return [lane, queue];
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
    this.#queues.clear();
  }
}
