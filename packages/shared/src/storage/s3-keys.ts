/**
 * A key as a listing with url encoding has it. AWS and MinIO write a space as "+", Ceph as "%20"; a plus sign itself is "%2B"
 * everywhere. Undefined if not UTF-8.
 */
export function decodeKey(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** Whether an encoded key, which need not be UTF-8, comes after a key in byte order. */
export function isEncodedKeyAfter(encoded: string, key: string): boolean {
  return Buffer.compare(bytesOfEncoded(encoded), Buffer.from(key)) > 0;
}

export function bytesOfEncoded(encoded: string): Buffer {
  const latin1 = encoded
    .replaceAll("+", " ")
    .replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(latin1, "latin1");
}
