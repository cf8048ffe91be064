import { describe, expect, it } from "vitest";
import { levenshtein, nearestNames } from "./nearest-names.js";

describe("levenshtein", () => {
  it.each([
    ["", "", 0],
    ["kitten", "sitting", 3],
    ["lite", "", 4],
    ["abc", "acb", 2],
  ])("of %j and %j is %i", (from, to, steps) => {
    expect(levenshtein(from, to)).toBe(steps);
    expect(levenshtein(to, from)).toBe(steps);
  });
});

describe("nearestNames", () => {
  const known = ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "resnet50"];

  it("puts a misspelt name's original first", () => {
    expect(nearestNames("eficientnet-lite1", known, 1)).toEqual(["efficientnet-lite1"]);
    expect(nearestNames("RESNET-50", known, 1)).toEqual(["resnet50"]);
  });

  it("takes a part of a name for the whole", () => {
    expect(nearestNames("lite2", known, 1)).toEqual(["efficientnet-lite2"]);
  });

  it("names none where none is near, and the same name with other dashes first", () => {
    expect(nearestNames("mobilenet", known)).toEqual([]);
    expect(nearestNames("vit_base_patch16_224", known)).toEqual([]);
    expect(nearestNames("", known)).toEqual([]);
    expect(nearestNames("efficientnet_lite2", known)[0]).toBe("efficientnet-lite2");
  });
});
