import { z } from "zod";
import type { ShardColumns, ShardId } from "./shard-columns.js";

/**
 * A segment of an index: shards with their columns, as one file. Magic, the length of a JSON header, the header, then the
 * columns of all shards one after the other, little-endian: probability (f64), offset (u32), label (u16), code (u16).
 */
const magic = "LFLABEL1";
const preludeBytes = magic.length + 4;
const rowBytes = 16;

const headerSchema = z.object({
  shards: z.array(
    z.object({
      modelId: z.string(),
      batchId: z.string(),
      etag: z.string(),
      sizeBytes: z.int().min(0),
      rows: z.int().min(0),
    }),
  ),
  labels: z.array(z.string()),
  codes: z.array(z.string()),
});

export interface SegmentShard {
  id: ShardId;
  columns: ShardColumns;
}

/** All columns of a segment are of the same lists of names. */
export function encodeSegment(
  shards: readonly { id: ShardId; columns: Omit<ShardColumns, "labels" | "codes"> }[],
  names: { labels: readonly string[]; codes: readonly string[] },
): Buffer {
  const header = JSON.stringify({
    shards: shards.map(({ id, columns }) => ({ ...id, rows: columns.label.length })),
    ...names,
  });
  const prelude = Buffer.alloc(preludeBytes);
  prelude.write(magic, "latin1");
  prelude.writeUInt32LE(Buffer.byteLength(header), magic.length);
  const views = shards.flatMap(({ columns: { probability, offset, label, code } }) => [
    probability,
    offset,
    label,
    code,
  ]);
  const columns = views.map((view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  return Buffer.concat([prelude, Buffer.from(header), ...columns]);
}

/** null for what is no segment, or not a whole one: an index is only a short cut, and is made anew. */
export function decodeSegment(bytes: Buffer): SegmentShard[] | null {
  if (bytes.length < preludeBytes || bytes.toString("latin1", 0, magic.length) !== magic) return null;
  const start = preludeBytes + bytes.readUInt32LE(magic.length);
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8", preludeBytes, start));
  } catch {
    return null;
  }
  const header = headerSchema.safeParse(json);
  if (!header.success) return null;
  const { shards, labels, codes } = header.data;
  const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
  if (bytes.length !== start + rows * rowBytes) return null;
  let at = start;
  const take = (length: number): ArrayBuffer => {
    const part = new Uint8Array(length);
    part.set(bytes.subarray(at, at + length));
    at += length;
    return part.buffer;
  };
  return shards.map(({ rows: count, ...id }) => ({
    id,
    columns: {
      probability: new Float64Array(take(8 * count)),
      offset: new Uint32Array(take(4 * count)),
      label: new Uint16Array(take(2 * count)),
      code: new Uint16Array(take(2 * count)),
      labels,
      codes,
    },
  }));
}
