import { describe, expect, it } from "vitest";
import { parseLabels } from "./labels.js";

describe("parseLabels", () => {
  it("keeps the order and the WordNet ids", () => {
    const labels = parseLabels('[{"label":"tench","wnid":"n01440764"},{"label":"mine"}]', 2, "labels.json");
    expect(labels).toEqual([{ label: "tench", wnid: "n01440764" }, { label: "mine" }]);
  });

  it.each([
    ["{", 1, "labels.json: not JSON"],
    ['{"a":1}', 1, "the document is something else"],
    ['[{"label":"a"},{"label":""}]', 2, "1.label is something else"],
    ['[{"label":"a"}]', 2, "1 labels for the 2 classes"],
  ])("refuses %s", (json, numClasses, message) => {
    expect(() => parseLabels(json, numClasses, "labels.json")).toThrow(message);
  });
});
