import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { noneSkipped } from "@labelfleet/shared/contract/skipped";
import { expect, test, vi } from "vitest";
import { printJson } from "../command-context.js";
import { formatTable } from "./format.js";
import { PullView } from "./pull-view.js";
import { reportText } from "./report-view.js";
import { printableStream, writeErr, writeOut } from "./terminal.js";

const hostile = "\u001b]0;title\u0007\u009b2J\u202e\n\rend";

test.each([
  ["stdout", writeOut],
  ["stderr", writeErr],
] as const)("what goes to %s keeps its line ends and no other control character", (stream, write) => {
  const written: string[] = [];
  const spy = vi.spyOn(process[stream], "write").mockImplementation((chunk) => written.push(String(chunk)) > 0);
  write(`${hostile}\n`);
  spy.mockRestore();
  expect(written).toEqual(["\\u001b]0;title\\u0007\\u009b2J\\u202e\n\\u000dend\n"]);
});

test("JSON on a terminal is the same document", () => {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => written.push(String(chunk)) > 0);
  printJson({ key: hostile });
  spy.mockRestore();
  expect(written.join("")).not.toMatch(/[^\n -~]/);
  expect(JSON.parse(written.join(""))).toEqual({ key: hostile });
});

test("an export to a terminal is printable, piece by piece", async () => {
  const stream = printableStream();
  stream.write("é\u001b[2J,1\n");
  stream.end("\u009b\n");
  expect(await text(stream)).toBe("é\\u001b[2J,1\n\\u009b\n");
});

test("a cell of a table, a code of a report and a name on a progress bar stay in their line", () => {
  expect(formatTable(["run"], [["a\nNOT a row"]])).toBe("run\na\\u000aNOT a row\n");
  const out: string[] = [];
  const view = new PullView({ isTTY: true, write: (piece) => out.push(piece) });
  view.begin("x\u001b[2J", "hf:a/b\n");
  view.progress({ name: "n\u001b[2J\n", receivedBytes: 1, totalBytes: 2 });
  expect(out[0]).toBe("Downloading x\\u001b[2J from hf:a/b\\u000a\n");
  expect(out[1]).toContain("n\\u001b[2J\\u000a");
  const report = {
    ...{ complete: true, images: 1, ok: 0, failed: 1, imagesPerSecond: 1, wallSeconds: 1, steadyImagesPerSecond: null },
    ...{ failedByCode: { "X\nComplete: 9 images": 1 }, bytesRead: 0, timeToFirstPredictionSeconds: null },
    ...{ meanInferenceBatch: null, queueWaitSeconds: null, carriedOver: 0, stages: [], workers: [] },
    ...{ skipped: noneSkipped(), bottleneck: "none\u001b[31m", run: "file:///r\u202e" },
  } as unknown as Parameters<typeof reportText>[0];
  expect(reportText(report)).toContain("1 X\\u000aComplete: 9 images\n");
  expect(reportText(report)).toContain("none\\u001b[31m\n");
});

test("nothing of the command line writes past these ways", () => {
  const source = join(import.meta.dirname, "..");
  const files = (readdirSync(source, { recursive: true }) as string[]).filter((name) => /(?<!\.test)\.ts$/.test(name));
  const direct = files.filter((name) =>
    /process\.std(out|err)\.write\(|console\./.test(readFileSync(join(source, name), "utf8")),
  );
  // The second clears the screen.
  expect(direct.sort()).toEqual(["commands/status.ts", "view/terminal.ts"]);
});
