import { expect, test } from "vitest";
import { PullView } from "./pull-view.js";

function output(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
}

test("on a terminal a bar is drawn at most ten times a second, and its line ends with the download", () => {
  const out = output(true);
  let nowMs = 0;
  const view = new PullView(out, () => nowMs);
  view.begin("b0", "hf:timm/b0");
  for (let received = 0; received < 1000; received += 10) {
    nowMs += 10;
    view.progress({ name: "w", receivedBytes: received, totalBytes: 1000 });
  }
  view.progress({ name: "w", receivedBytes: 1000, totalBytes: 1000 });
  view.end();
  expect(out.written[0]).toBe("Downloading b0 from hf:timm/b0\n");
  expect(out.written.filter((text) => text.includes("░")).length).toBeLessThanOrEqual(11);
  expect(out.written.at(-2)).toContain(`${"█".repeat(24)} 1.0 kB of 1.0 kB w`);
  expect(out.written.at(-1)).toBe("\n");
});

test("in a file there is a line for each tenth, and no escape", () => {
  const out = output(false);
  const view = new PullView(out);
  view.begin("b0", "hf:timm/b0");
  for (let received = 1; received <= 1000; received++)
    view.progress({ name: "w", receivedBytes: received, totalBytes: 1000 });
  view.end();
  expect(out.written).toHaveLength(11);
  expect(out.written.join("")).not.toContain("\u001b");
  expect(out.written.at(-1)).toBe("w: 1.0 kB of 1.0 kB\n");
});
