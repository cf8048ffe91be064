import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import { openQueue } from "@labelfleet/shared/queue/batch-queue";

type BatchQueue = ReturnType<typeof openQueue>;

/** Bull Board over the queues of all lanes; lanes may appear while it runs. */
export class LaneBoard {
  readonly #redisUrl: string;
  readonly #server = new FastifyAdapter();
  readonly #board;
  readonly #queues = new Map<string, BatchQueue>();

  constructor(redisUrl: string, basePath: string) {
    this.#redisUrl = redisUrl;
    this.#server.setBasePath(basePath);
    this.#board = createBullBoard({
      queues: [],
      serverAdapter: this.#server,
      options: { uiConfig: { boardTitle: "labelfleet", miscLinks: [{ text: "Runs", url: "/" }] } },
    });
  }

  /** The Fastify plugin to register under the base path. */
  plugin() {
    return this.#server.registerPlugin();
  }

  /** Opens the queues of lanes that were not known before. */
  showLanes(lanes: string[]): void {
    for (const lane of lanes) {
      if (this.#queues.has(lane)) continue;
      const queue = openQueue(this.#redisUrl, lane);
      this.#queues.set(lane, queue);
      // All lanes' queues have one name, and Bull Board tells queues apart by name.
      this.#board.addQueue(new BullMQAdapter(queue, { prefix: `${lane}/`, displayName: `lane ${lane}` }));
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
    this.#queues.clear();
  }
}
