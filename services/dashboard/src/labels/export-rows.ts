import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { Encoder } from "@labelfleet/shared/export/encoder";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { scanRecords } from "@labelfleet/shared/run/shard-rows";
import type { IndexedShard, LabelTable } from "./label-table.js";
import { fileOf } from "./list-shards.js";

/** Text is handed on in pieces of about this length. */
const pieceLength = 64 * 1024;

/**
 * The records of the rows as text, image by image in the order of the manifest, read from their shards as they are now. Memory
 * is for a piece of one shard a model.
 *
 * @throws OBJECT_CHANGED when a shard is rewritten meanwhile
 */
export async function* exportRows(options: {
  folder: RunFolder;
  spec: RunSpec;
  table: LabelTable;
  rows: Uint32Array;
  encoder: Encoder;
}): AsyncGenerator<string> {
  const { folder, spec, table, rows, encoder } = options;
  const isWanted = new Uint8Array(table.rows);
  for (const row of rows) isWanted[row] = 1;
  let piece = encoder.start;
  for (const shards of batchesOf(table.shards)) {
    const wanted = shards.filter((shard) => isWanted.subarray(shard.firstRow, shard.firstRow + shard.rows).includes(1));
    if (wanted.length === 0) continue;
    const readers = wanted.map((shard) => ({ shard, records: each(scanRecords(folder, fileOf(shard, spec))) }));
    for (let i = 0; i < Math.max(...wanted.map((shard) => shard.rows)); i++) {
      const image: Prediction[] = [];
      for (const { shard, records } of readers) {
        const { value } = await records.next();
        if (value !== undefined && isWanted[shard.firstRow + i] === 1) image.push(value);
      }
      if (image.length > 0) piece += encoder.image(image);
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = "";
    }
  }
  yield piece + encoder.end;
}

/** Shards of the same batch together, batch by batch. */
function batchesOf(shards: readonly IndexedShard[]): IndexedShard[][] {
  const batches = new Map<string, IndexedShard[]>();
  for (const shard of shards) batches.set(shard.batchId, [...(batches.get(shard.batchId) ?? []), shard]);
  return [...batches].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, batch]) => batch);
}

async function* each(pieces: AsyncIterable<Prediction[]>): AsyncGenerator<Prediction, undefined> {
  for await (const piece of pieces) yield* piece;
}
