import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { isComparable, isKnownEtag, isSameVersion, unquoted } from "./etag.js";

const md5 = "0cc175b9c0f1b6a831c399e269772661";

test.each([
  ['"abc"', "abc"],
  ["abc", "abc"],
  [' "abc" ', "abc"],
  ['""', ""],
  ['"', ""],
  ["", ""],
  ['W/"abc"', 'W/"abc"'],
])("%j is written as %j", (etag, written) => {
  expect(unquoted(etag)).toBe(written);
});

test.each([
  md5,
  `${md5}-2`,
  "1",
  "11",
  "1000000-1700000000000000000",
  "CJDbgLCq1PECEAE=",
  "0x8D4BCC2E4835CD0",
  `${md5}${md5}`.slice(0, 40),
])("%j names a version", (etag) => {
  expect(isKnownEtag(etag, 10)).toBe(true);
});

test.each([
  "",
  '""',
  " ",
  'W/"abc"',
  'w/"abc"',
  'W/"abc',
  "null",
  "undefined",
  "0",
  "00000000000000000000000000000000",
  "00000000000000000000000000000000-1",
  "ffffffffffffffffffffffffffffffff-12",
  "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
  "abababababababababababababababab",
  "0123456789abcdef0123456789abcdef",
  "01234567890123456789012345678901",
  "-",
  "''",
  "0-0",
  "0000000000000000000000006a1b2c3d",
  "12121212121212121212121212123333",
  "d41d8cd98f00b204e9800998ecf8427e",
  "da39a3ee000000000000000000000000000000ef",
])("%j names no version: a store may give it to everything", (etag) => {
  expect(isKnownEtag(etag, 10)).toBe(false);
});

test("real hashes are never taken for placeholders", () => {
  for (let i = 0; i < 20_000; i++) {
    expect(isKnownEtag(createHash("md5").update(`${i}`).digest("hex"), 10)).toBe(true);
  }
  expect(isKnownEtag(createHash("md5").digest("hex"), 0)).toBe(true);
});

test("a store compares what is neither empty nor weak, placeholders included", () => {
  expect(["", '""', 'W/"a"', "0", md5].map(isComparable)).toEqual([false, false, false, true, true]);
});

test("a version is the same only with a known ETag, an equal size, and an equal time where both have one", () => {
  const listed = { etag: md5, sizeBytes: 10, lastModifiedMs: 1_000 };
  const others = [listed, { ...listed, lastModifiedMs: null }, { etag: md5, sizeBytes: 10 }];
  for (const other of others) expect(isSameVersion(listed, other)).toBe(true);
  const changed = [
    { ...listed, sizeBytes: 11 },
    { ...listed, lastModifiedMs: 2_000 },
    { ...listed, etag: `${md5}-1` },
  ];
  for (const other of changed) expect(isSameVersion(listed, other)).toBe(false);
  for (const etag of ["", 'W/"abc"', "00000000000000000000000000000000-1"]) {
    expect(isSameVersion({ ...listed, etag }, { ...listed, etag }), etag).toBe(false);
  }
});
