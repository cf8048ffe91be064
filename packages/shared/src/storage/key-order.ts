/**
 * Orders two keys by their UTF-8 bytes, as S3 lists them: negative when `a` comes first, 0 when equal.
 *
 * JavaScript compares UTF-16 code units, which agrees except where a surrogate (a code point from U+10000 on, four UTF-8
 * bytes starting with F0 or more) meets U+E000 to U+FFFF (three bytes, starting with EE or EF).
 */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === length) return a.length - b.length;
  return rankOfUnit(a.charCodeAt(i)) - rankOfUnit(b.charCodeAt(i));
}

/** Moves surrogates behind U+E000..U+FFFF, so that ranks compare as UTF-8 bytes do. */
function rankOfUnit(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
