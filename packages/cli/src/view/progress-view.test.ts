import { expect, test } from "vitest";
import { ProgressView } from "./progress-view.js";

const progress = { done: 250, failed: 3, listed: 1_000, listingComplete: true, elapsedSeconds: 10 };

function viewOn(terminal: { isTTY: boolean; rows?: number; columns?: number }) {
  const written: string[] = [];
  const write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  const say = (line: string) => void written.push(line);
  return { view: new ProgressView({ rows: 0, columns: 0, ...terminal, write }, say), written };
}

test("without a terminal there is a line every five seconds, and the last one is never lost", () => {
  const { view, written } = viewOn({ isTTY: false });
  for (let second = 0; second <= 8; second++) {
    view.show({ ...progress, done: 100 * second, elapsedSeconds: second }, null);
  }
  view.show({ ...progress, done: 1_000, elapsedSeconds: 9 }, null);
  view.end();
  view.end();
  expect(written.map((line) => line.split(" ")[0])).toEqual(["0", "500", "1,000"]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may reach a file
  expect(written.join("")).not.toMatch(/\u001b/);
});

test("on a terminal a block is redrawn, and one line stays when it ends", () => {
  const { view, written } = viewOn({ isTTY: true, rows: 40, columns: 100 });
  view.show({ ...progress, done: 100, elapsedSeconds: 4 }, null);
  view.show(progress, null);
  expect(written.join("")).toContain("25 %  250 / 1,000 images");
  view.end();
  view.end();
  expect(written.at(-1)).toBe("250 / 1,000 images (25 %) · 25.0 images/s · ETA 30 s · 3 failed");
});
