import { Worker } from "node:worker_threads";
import { LabelfleetError } from "@labelfleet/shared/errors";
import type { FromIndexThread, IndexThreadInput, ToIndexThread } from "./index-messages.js";
import type { ShardColumns, ShardId } from "./shard-columns.js";

/** Of the thread that parses shards: what it holds is a few shards. */
const heapMib = 128;

/** One look at a run's folder by a thread, so that parsing shards never keeps a page waiting. */
export class IndexBuild {
  /** The number of shards in the folder, once all of them are known, and those that are gone. Rejects when it cannot be listed. */
  readonly done: Promise<{ listed: number; gone: string[] }>;
  readonly #worker: Worker;

  constructor(
    options: IndexThreadInput & {
      onShard: (id: ShardId, columns: ShardColumns) => void;
      onUnreadable: (name: string, message: string) => void;
    },
  ) {
    const { run, known, onShard, onUnreadable } = options;
    this.#worker = new Worker(new URL("./index-thread.js", import.meta.url), {
      workerData: { run, known } satisfies IndexThreadInput,
      resourceLimits: { maxOldGenerationSizeMb: heapMib },
    });
    const taken: ToIndexThread = { kind: "taken" };
    this.done = new Promise((resolve, reject) => {
      const fail = (message: string) => reject(new LabelfleetError("INTERNAL", message));
      this.#worker.on("message", (message: FromIndexThread) => {
        switch (message.kind) {
          case "shard":
            onShard(message.id, message.columns);
            this.#worker.postMessage(taken);
            return;
          case "unreadable":
            return onUnreadable(message.name, message.message);
          case "done":
            return resolve({ listed: message.listed, gone: message.gone });
          case "failed":
            return fail(message.message);
        }
      });
      this.#worker.once("error", (error: Error) => fail(`the indexing thread ended: ${error.message}`));
      this.#worker.once("exit", () => fail("the indexing thread ended early"));
    });
    this.done.catch(() => undefined);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
