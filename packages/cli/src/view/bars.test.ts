import { expect, test } from "vitest";
import { bar, sparkline } from "./bars.js";

test.each([
  [0, "░░░░"],
  [0.5, "██░░"],
  [0.53125, "██▏░"],
  [1, "████"],
  [1.7, "████"],
  [-1, "░░░░"],
])("a share of %d fills the bar as %s", (share, text) => {
  expect(bar(share, 4)).toBe(text);
});

test("a sparkline shows the newest values against their largest", () => {
  expect(sparkline([100, 0, 4, 8], 3)).toBe("▁▅█");
  expect(sparkline([0, 0], 8)).toBe("▁▁");
  expect(sparkline([], 8)).toBe("");
});
