import { describe, expect, it } from "vitest";
import { addSkipped, countExtension, noneSkipped, type Skipped, skippedSchema } from "./skipped.js";
import { skippedWords } from "./skipped-words.js";

/** Another count for each reason. */
const allReasons = Object.fromEntries(
  Object.keys(noneSkipped()).map((reason, i) => [reason, i + 1]),
) as unknown as Skipped;

const counting = (...keys: string[]): Skipped => {
  const skipped = noneSkipped();
  for (const key of keys) countExtension(skipped, key);
  return skipped;
};

describe("skippedSchema", () => {
  it("reads the counts of run folders written before there were more reasons", () => {
    const stored = { folderMarkers: 1, unnameable: 2, filtered: 3 };
    expect(skippedSchema.parse(stored)).toEqual({ ...noneSkipped(), ...stored });
  });

  it("keeps every reason", () => {
    const skipped = { ...allReasons, filteredByExtension: { ".txt": 3 } };
    expect(skippedSchema.parse(skipped)).toEqual(skipped);
  });
});

describe("addSkipped", () => {
  it("adds every reason and every extension", () => {
    const total = counting("a.txt", "b.heic");
    addSkipped(total, { ...allReasons, filteredByExtension: { ".heic": 2, ".bmp": 1 } });
    expect(total).toEqual({ ...allReasons, filteredByExtension: { ".txt": 1, ".heic": 3, ".bmp": 1 } });
  });
});

describe("countExtension", () => {
  it("takes the last extension of the name, in any case", () => {
    const skipped = counting("a.TXT", "b/c.d/e", "x.tar.gz", ".hidden", "f.", "g.\u001b[31m", `h.${"x".repeat(40)}`);
    expect(skipped.filteredByExtension).toEqual({ ".txt": 1, none: 1, ".gz": 1, ".hidden": 1, other: 3 });
  });

  it("names so many extensions, and counts the others together", () => {
    const { filteredByExtension: counts } = counting(...Array.from({ length: 1_000 }, (_, i) => `a.x${i}`), "b.x0");
    expect(Object.keys(counts)).toHaveLength(21);
    expect(counts).toMatchObject({ ".x0": 2, other: 980 });
  });
});

describe("skippedWords", () => {
  it("says nothing where nothing was left out", () => {
    expect(skippedWords(noneSkipped())).toEqual([]);
  });

  it("names extensions and reasons with their counts", () => {
    const skipped = { ...counting("a.heic", "b.heic", "c.bmp", "d"), filtered: 5, linksOutside: 9, linkedFolders: 1 };
    expect(skippedWords(skipped)).toEqual([
      "5 files: .heic 2, .bmp 1, no extension 1, by --include or --exclude 1",
      "9 links that lead outside the input",
      "1 linked folder",
    ]);
  });

  it("says of an earlier version's run how many were left out", () => {
    expect(skippedWords({ ...noneSkipped(), filtered: 1_200 })).toEqual([
      "1,200 files: by extension, --include or --exclude",
    ]);
  });
});
