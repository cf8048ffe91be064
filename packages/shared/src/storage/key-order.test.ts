import { describe, expect, it } from "vitest";
import { compareKeys } from "./key-order.js";

const keys = [
  "",
  "A",
  "B.jpg",
  "Z",
  "a",
  "a b",
  "a!",
  "a-1",
  "a/",
  "a/b",
  "a0",
  "ab",
  "é",
  "z",
  "\u{7ff}",
  "\u{800}",
  "\u{d7ff}",
  "\u{e000}",
  "\u{fffd}",
  "\u{ffff}",
  "\u{10000}",
  "\u{1f600}",
  "\u{1f600}a",
  "\u{10ffff}",
  "x\u{e000}1",
  "x\u{1f600}0",
];

describe("compareKeys", () => {
  it("agrees with a comparison of the UTF-8 bytes for every pair", () => {
    for (const a of keys) {
      for (const b of keys) {
        expect(Math.sign(compareKeys(a, b)), JSON.stringify([a, b])).toBe(
          Buffer.compare(Buffer.from(a), Buffer.from(b)),
        );
      }
    }
  });

  it("differs from the default order where a surrogate pair meets U+E000 to U+FFFF", () => {
    expect(["\u{1f600}", "\u{ff21}"].sort()).toEqual(["\u{1f600}", "\u{ff21}"]);
    expect(["\u{1f600}", "\u{ff21}"].sort(compareKeys)).toEqual(["\u{ff21}", "\u{1f600}"]);
  });
});
