import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { RunSpec } from "@labelfleet/shared/contract/run-spec";
import type { Encoder } from "@labelfleet/shared/export/encoder";
import { RecordCursor } from "@labelfleet/shared/run/record-cursor";
import type { RunFolder } from "@labelfleet/shared/run/run-folder";
import { scanRecords } from "@labelfleet/shared/run/shard-rows";
import { compareKeys } from "@labelfleet/shared/storage/key-order";
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
    for await (const image of imagesOf(wanted.map((shard) => readerOf(folder, shard, spec)))) {
      const records = image.filter(({ row }) => isWanted[row] === 1).map(({ record }) => record);
      if (records.length > 0) piece += encoder.image(records);
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

interface Reader {
  records: RecordCursor;
  /** Of the record in hand. */
  row: number;
}

function readerOf(folder: RunFolder, shard: IndexedShard, spec: RunSpec): Reader {
  return { records: new RecordCursor(scanRecords(folder, fileOf(shard, spec))), row: shard.firstRow };
}

/** The records of each image, by its key: a shard that lacks some must not shift the others. */
async function* imagesOf(readers: Reader[]): AsyncGenerator<{ record: Prediction; row: number }[]> {
  for (;;) {
    for (const { records } of readers) if (records.isDry) await records.fill();
    const keys = readers.flatMap(({ records }) => records.current?.key ?? []);
    if (keys.length === 0) return;
    const first = keys.reduce((least, key) => (compareKeys(key, least) < 0 ? key : least));
    const image: { record: Prediction; row: number }[] = [];
    for (const reader of readers) {
      const record = reader.records.current;
      if (record?.key !== first) continue;
      image.push({ record, row: reader.row++ });
      reader.records.advance();
    }
    yield image;
  }
}
