import type { GetOptions } from "./object-store.js";

/** Of bytes that are not there: some stores give it to everything. */
const md5OfNothing = "d41d8cd98f00b204e9800998ecf8427e";
/** MD5, SHA-1 or SHA-256 in hexadecimal. */
const hash = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i;
/** What a hash has at the least: of a thousand billion MD5s, less than one has fewer different digits. */
const leastDigits = 6;
/** Digits after which a made-up hash begins again, as "01234567890123456789012345678901" does. */
const longestPeriod = 16;

/** An ETag as we write it: without its quotes, where it is not weak. */
export function unquoted(etag: string): string {
  const text = etag.trim();
  return isWeak(text) ? text : text.replace(/^"|"$/g, "");
}

/** Whether a store compares an unquoted ETag with another one (RFC 9110, strong comparison). */
export function isComparable(etag: string): boolean {
  return !/^["\s]*$/.test(etag) && !isWeak(etag);
}

/**
 * Whether an unquoted ETag names this very version of an object, so that an equal one means the same bytes. An empty or weak
 * one does not, nor does one that a store gives to everything because it knows none: zeros as MinIO's file mode has it,
 * one digit or a few repeated, the MD5 of nothing, "null", nothing but marks.
 *
 * @param sizeBytes of the object
 */
export function isKnownEtag(etag: string, sizeBytes: number): boolean {
  if (!isComparable(etag)) return false;
  // Behind the hash of an upload in parts stands their number.
  const name = etag.replace(/-\d{1,5}$/, "").toLowerCase();
  if (/^[^a-z1-9]*$|^(null|undefined|none|nil|unknown)$/.test(name)) return false;
  if (!hash.test(name)) return true;
  if (name === md5OfNothing) return sizeBytes === 0;
  return !isPeriodic(name) && !/(.)\1{7}/.test(name) && new Set(name).size >= leastDigits;
}

/** What a listing, a manifest or a record says of an object. */
export interface ObjectVersion {
  etag: string;
  sizeBytes: number;
  lastModifiedMs?: number | null | undefined;
}

/** Whether two are surely the same version. What one of them does not say cannot be compared, except for the ETag. */
export function isSameVersion(a: ObjectVersion, b: ObjectVersion): boolean {
  if (a.etag !== b.etag || a.sizeBytes !== b.sizeBytes || !isKnownEtag(a.etag, a.sizeBytes)) return false;
  const [before, after] = [a.lastModifiedMs ?? null, b.lastModifiedMs ?? null];
  return before === null || after === null || before === after;
}

/** Whether a record may be of a listed object. Where the listing has no ETag that can be compared, a record says what was read. */
export function mayBeOf(listed: ObjectVersion, record: ObjectVersion): boolean {
  const isEtagSame = record.etag === listed.etag || !isComparable(listed.etag);
  return isEtagSame && record.sizeBytes === listed.sizeBytes;
}

/** What a read has to ask for, so that it is of this version as far as that can be known. */
export function conditionsOf(version: ObjectVersion): Pick<GetOptions, "ifMatch" | "listed"> {
  const { etag, sizeBytes } = version;
  return isKnownEtag(etag, sizeBytes) ? { ifMatch: etag } : { ifMatch: etag, listed: version };
}

function isPeriodic(name: string): boolean {
  for (let period = 1; period <= longestPeriod; period++) {
    if (name.startsWith(name.slice(period))) return true;
  }
  return false;
}

function isWeak(etag: string): boolean {
  return /^w\//i.test(etag);
}
