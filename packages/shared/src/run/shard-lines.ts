import { LabelfleetError } from "../errors.js";
import { conditionsOf } from "../storage/etag.js";
import { maxLineBytes, mebibytes } from "./bounds.js";
import type { RunFolder } from "./run-folder.js";

/** Bytes of a shard that are read at once: shards with embeddings are larger than what should lie in memory. */
const pieceBytes = 4 * 1024 * 1024;
const newline = 10;

/** Lines of a shard: their bytes, and where the first begins in the shard. */
export interface LinePiece {
  offset: number;
  /** Whole lines without their newlines. */
  lines: string[];
  /** Where each line begins, counted from the shard's start. */
  offsets: number[];
}

/**
 * Reads a JSON-lines shard piece by piece, so that memory is bounded by a piece and one line.
 *
 * @throws OBJECT_CHANGED when it is not the shard with this etag (any more), RUN_INVALID when its last line is cut, or a line is
 *   longer than any record
 */
export async function* shardLines(
  folder: RunFolder,
  shard: { name: string; etag: string; sizeBytes: number },
): AsyncGenerator<LinePiece> {
  const key = folder.keyOf(shard.name);
  let rest: Buffer = Buffer.alloc(0);
  // What a listing does not tell the first piece may: the others must be of the same shard.
  let conditions = conditionsOf(shard);
  for (let start = 0; start < shard.sizeBytes; start += pieceBytes) {
    const range = { start, end: Math.min(start + pieceBytes, shard.sizeBytes) - 1 };
    const { body, etag } = await folder.store.get(key, { range, ...conditions });
    conditions = conditionsOf({ ...shard, etag });
    const offset = start - rest.length;
    const bytes = rest.length === 0 ? body : Buffer.concat([rest, body]);
    const piece = split(bytes, offset);
    // A copy, so that the piece can go.
    rest = Buffer.from(bytes.subarray(piece.endOfLines));
    if (rest.length > maxLineBytes) {
      const where = `${folder.uri}${shard.name}: the line at byte ${offset + piece.endOfLines}`;
      throw new LabelfleetError("RUN_INVALID", `${where} is longer than ${mebibytes(maxLineBytes)}`);
    }
    if (piece.lines.length > 0) yield piece;
  }
  if (rest.length > 0) throw new LabelfleetError("RUN_INVALID", `${folder.uri}${shard.name}: the last line is cut`);
}

function split(bytes: Buffer, offset: number): LinePiece & { endOfLines: number } {
  const lines: string[] = [];
  const offsets: number[] = [];
  let from = 0;
  for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, from)) {
    offsets.push(offset + from);
    lines.push(bytes.toString("utf8", from, end));
    from = end + 1;
  }
  return { offset, lines, offsets, endOfLines: from };
}
