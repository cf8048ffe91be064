import { describe, expect, it } from "vitest";
import { keyFilterOf } from "./key-filter.js";

function chosen(options: { prefix?: string; include?: string[]; exclude?: string[] }, keys: string[]): string[] {
  return keys.filter(keyFilterOf({ prefix: "", include: [], exclude: [], ...options }));
}

describe("keyFilterOf", () => {
  it("takes the formats we decode, in any case, by the last extension", () => {
    const keys = [
      "a.jpg",
      "b.JPEG",
      "c.png",
      "d.webp",
      "e.gif",
      "f.avif",
      "g.tif",
      "h.TIFF",
      "x.svg",
      "y.jpg.txt",
      "jpg",
    ];
    expect(chosen({}, keys)).toEqual(keys.slice(0, 8));
    expect(chosen({}, ["a.jpg/b", ".jpg"])).toEqual([".jpg"]);
  });

  it("matches a pattern without a slash against the base name", () => {
    expect(chosen({ include: ["cat*"] }, ["cat1", "x/cat2.bin", "cat/dog.jpg"])).toEqual(["cat1", "x/cat2.bin"]);
  });

  it("matches a pattern with a slash against the key below the input", () => {
    const keys = ["in/2024/a.jpg", "in/2024/x/b.jpg", "in/2023/c.jpg"];
    expect(chosen({ prefix: "in/", include: ["2024/*.jpg"] }, keys)).toEqual(["in/2024/a.jpg"]);
    expect(chosen({ prefix: "in/", include: ["2024/**"] }, keys)).toEqual(["in/2024/a.jpg", "in/2024/x/b.jpg"]);
    expect(chosen({ prefix: "in/20", include: ["2023/*"] }, keys)).toEqual(["in/2023/c.jpg"]);
  });

  it("lets --exclude win", () => {
    expect(chosen({ include: ["*.jpg"], exclude: ["b*"] }, ["a.jpg", "b.jpg"])).toEqual(["a.jpg"]);
    expect(chosen({ exclude: ["*.png"] }, ["a.jpg", "b.png"])).toEqual(["a.jpg"]);
  });

  it("takes a line break in a key for a character like any other", () => {
    expect(chosen({ exclude: ["x/**"] }, ["x/a\nb.jpg", "y/a\nb.jpg"])).toEqual(["y/a\nb.jpg"]);
    expect(chosen({ include: ["x/**"] }, ["x/a\nb.jpg"])).toEqual(["x/a\nb.jpg"]);
  });

  it("refuses an empty pattern", () => {
    expect(() => keyFilterOf({ prefix: "", include: [""], exclude: [] })).toThrow(/--include is empty/);
  });
});
