import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import type { LaneQueues } from "./lane-queues.js";

/** Bull Board over the queues of all lanes. */
export class LaneBoard {
  readonly #queues: LaneQueues;
  readonly #isReadOnly: boolean;
  readonly #server = new FastifyAdapter();
  readonly #board;
  readonly #shown = new Set<string>();

  constructor(queues: LaneQueues, options: { basePath: string; isReadOnly: boolean }) {
    this.#queues = queues;
    this.#isReadOnly = options.isReadOnly;
    this.#server.setBasePath(options.basePath);
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

  showLanes(lanes: string[]): void {
    for (const [lane, queue] of this.#queues.open(lanes)) {
      if (this.#shown.has(lane)) continue;
      this.#shown.add(lane);
      // All lanes' queues have one name, and Bull Board tells queues apart by name.
      const options = { prefix: `${lane}/`, displayName: `lane ${lane}`, readOnlyMode: this.#isReadOnly };
      this.#board.addQueue(new BullMQAdapter(queue, options));
    }
  }
}
