import { describe, expect, it } from "vitest";
import { folderFilterOf } from "./folder-filter.js";
import { keyFilterOf } from "./key-filter.js";

function entered(options: { prefix?: string; include?: string[]; exclude?: string[] }, folders: string[]): string[] {
  return folders.filter(folderFilterOf({ prefix: "", include: [], exclude: [], ...options }));
}

describe("folderFilterOf", () => {
  it("passes over folders of which --exclude takes everything", () => {
    const folders = ["lost+found/", "a/lost+found/", "lost/"];
    expect(entered({ exclude: ["lost+found/**"] }, folders)).toEqual(["a/lost+found/", "lost/"]);
    expect(entered({ exclude: ["lost+found/**/*"] }, folders)).toEqual(["a/lost+found/", "lost/"]);
    expect(entered({ exclude: ["**/lost+found/**"] }, folders)).toEqual(["lost/"]);
    expect(entered({ exclude: ["{lost,lost+found}/**"] }, folders)).toEqual(["a/lost+found/"]);
  });

  it("enters folders of which --exclude may leave something", () => {
    const folders = ["a/", "a/b/"];
    for (const exclude of ["a/*", "a", "*.jpg", "a/**/*.jpg", "a/*/**/x", "!a/**", "!(b)/*"]) {
      expect(entered({ exclude: [exclude] }, folders), exclude).toEqual(folders);
    }
  });

  it("enters only what can lead to an --include", () => {
    const folders = ["good/", "good/x/", "goods/", "bad/", "2024/", "2024/07/"];
    expect(entered({ include: ["good/**"] }, folders)).toEqual(["good/", "good/x/"]);
    expect(entered({ include: ["2024/07/*.jpg"] }, folders)).toEqual(["2024/", "2024/07/"]);
    for (const include of ["*.jpg", "**/*.jpg", "{good,bad}/*", "!bad/**", "b\\ad/*"]) {
      expect(entered({ include: [include] }, folders), include).toEqual(folders);
    }
    expect(entered({ include: ["good/*"], exclude: ["good/x/**"] }, folders)).toEqual(["good/"]);
  });

  it("sees folders below the input, as the filter of the keys does", () => {
    expect(entered({ prefix: "in/", exclude: ["x/**"] }, ["in/", "in/x/", "in/in/"])).toEqual(["in/", "in/in/"]);
  });

  it("passes over no folder that has a wanted key", () => {
    const names = ["a", "b", "ab", "x\ny", "a.jpg"];
    const folders = names.flatMap((one) => [`${one}/`, ...names.map((two) => `${one}/${two}/`)]);
    const globs = [
      "a/**",
      "**/b/**",
      "!a/**",
      "!(a)/**",
      "{a,b}/**",
      "*/**",
      "**/*",
      "a/*",
      "*",
      "a/b/**/*",
      "?/**",
      "x*/**",
    ];
    for (const glob of globs) {
      for (const filter of [
        { include: [], exclude: [glob] },
        { include: [glob], exclude: [] },
      ]) {
        const [mayHold, isWanted] = [folderFilterOf({ prefix: "", ...filter }), keyFilterOf({ prefix: "", ...filter })];
        for (const folder of folders.filter((name) => !mayHold(name))) {
          const wanted = names.flatMap((one) => [`${folder}${one}`, `${folder}${one}/a.jpg`]).filter(isWanted);
          expect(wanted, `${JSON.stringify(filter)} ${folder}`).toEqual([]);
        }
      }
    }
  });
});
