const mebibyte = 1024 * 1024;

/** One document of a run's folder: run.json, report.json, a file of stats/, the totals of a range. Real ones have kilobytes. */
export const maxDocumentBytes = 16 * mebibyte;

/** A manifest chunk, packed and unpacked: 10,240 keys of S3's greatest length of which every character is escaped. */
export const maxChunkBytes = 64 * mebibyte;

/** A file of index/: a few hundred thousand records of 16 bytes, and their names. */
export const maxSegmentBytes = 256 * mebibyte;

/** Up to here a shard is read whole; a larger one piece by piece. */
export const wholeShardBytes = 16 * mebibyte;

/** One line of a JSON-lines shard: an embedding of a million numbers, or a thousand labels. */
export const maxLineBytes = 16 * mebibyte;

/** What a row group of a Parquet shard may unpack to. */
export const maxRowGroupBytes = 256 * mebibyte;

/** "16 MiB". */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MiB`;
}
