import { expect, test } from "vitest";
import type { RunView } from "./runs.js";
import { runsPage } from "./runs-page.js";

const run: RunView = {
  runId: "20260102t030405z-abcdef",
  run: "file:///photos/<script>alert(1)</script>/20260102t030405z-abcdef",
  lane: "default",
  modelIds: ["efficientnet-lite0"],
  createdMs: 0,
  state: "feeding",
  images: 1234,
  listingComplete: true,
  done: 617,
  ok: 610,
  failed: 7,
  imagesPerSecond: 61.7,
  etaSeconds: 10,
};

test("a run's numbers are on the page, and its address is text", () => {
  const text = runsPage({ runs: [run], workers: [] });
  expect(text).toContain("617 of 1,234");
  expect(text).toContain("62 images/s");
  expect(text).toContain('max="1234" value="617"');
  expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(text).not.toContain("<script>alert");
});

test("the page loads nothing from elsewhere and carries no inline script or style", () => {
  const text = runsPage({ runs: [run], workers: [] });
  expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
  expect(text).not.toMatch(/<script(?![^>]* src=)|<style|style="| on\w+="/);
});

test("without runs the page says how to start one", () => {
  expect(runsPage({ runs: [], workers: [] })).toContain("npx labelfleet run");
});
