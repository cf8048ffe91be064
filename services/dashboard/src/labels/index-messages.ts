import type { ShardColumns, ShardId } from "./shard-columns.js";

export interface IndexThreadInput {
  /** The run's URI. */
  run: string;
  /** Names and etags of shards that need not be read again. */
  known: [name: string, etag: string][];
}

export type FromIndexThread =
  | { kind: "shard"; id: ShardId; columns: ShardColumns }
  /** One shard cannot be read; the others can. */
  | { kind: "unreadable"; name: string; message: string }
  /** Every shard that was listed is read. `gone` are names that were known and are not there any more. */
  | { kind: "done"; listed: number; gone: string[] }
  /** The run cannot be listed. */
  | { kind: "failed"; message: string };

/** A posted shard is in the table: there is room for another. */
export interface ToIndexThread {
  kind: "taken";
}
