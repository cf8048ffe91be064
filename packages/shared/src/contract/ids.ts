import { randomBytes } from "node:crypto";
import { z } from "zod";

/** `yyyymmddthhmmssz-xxxxxx`: sorts by creation time, safe in object keys, queue names and file names. */
export const runIdSchema = z.string().regex(/^\d{8}t\d{6}z-[0-9a-z]{6}$/);
export const rangeIdSchema = z.string().regex(/^r\d{3}$/);
/** `<range>-<seq>`, for example `r000-000012`. */
export const chunkIdSchema = z.string().regex(/^r\d{3}-\d{6}$/);
/** `<range>-<seq>-<n>`, for example `r000-000012-0003`. */
export const batchIdSchema = z.string().regex(/^r\d{3}-\d{6}-\d{4}$/);
export const modelIdSchema = z.string().regex(/^(?!__proto__$)[a-z0-9._-]+$/);
/** Of an address that comes out of Redis: longer than any path of 4,096 bytes whose characters are all escaped. */
export const maxUriCharacters = 16_384;
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

export function newRunId(now: Date): string {
  const stamp = now
    .toISOString()
    .replace(/[-:]/g, "")
    .replace(/\.\d+Z$/, "z")
    .toLowerCase();
  const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
  const suffix = Array.from(randomBytes(6), (byte) => alphabet[byte % alphabet.length]).join("");
  return `${stamp}-${suffix}`;
}

/** `<host>-<pid>-<random>`: one incarnation of a process; a restarted worker is another one. */
export function newProcessId(host: string, pid: number): string {
  const name =
    host
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, "-")
      .slice(0, 40) || "host";
  return `${name}-${pid}-${randomBytes(3).toString("hex")}`;
}

/** Ranges are numbered from 0, in key order. */
export function rangeIdOf(index: number): string {
  return `r${String(index).padStart(3, "0")}`;
}

export function chunkIdOf(rangeId: string, seq: number): string {
  return `${rangeId}-${String(seq).padStart(6, "0")}`;
}

export function batchIdOf(chunkId: string, n: number): string {
  return `${chunkId}-${String(n).padStart(4, "0")}`;
}

/** The parts that a batch id is made of; `n` is the batch's place within its chunk. */
export function partsOfBatchId(batchId: string): { rangeId: string; chunkId: string; n: number } {
  const [rangeId = "", seq = "", n = ""] = batchId.split("-");
  return { rangeId, chunkId: `${rangeId}-${seq}`, n: Number(n) };
}
