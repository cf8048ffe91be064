import { expect, test } from "vitest";
import { SlowReadLog } from "./slow-read-log.js";

test("a slow read is a line every half minute, with the object and how far it came", () => {
  const said: string[] = [];
  const log = new SlowReadLog((line) => said.push(line));
  const read = { runId: "r", key: "a.jpg", forMs: 12_000, receivedBytes: 420_000, sizeBytes: 3_400_000 };
  log.look([], 0);
  log.look([read], 1_000);
  log.look([read], 20_000);
  log.look(
    [
      { ...read, forMs: 45_000, sizeBytes: null },
      { ...read, key: "b.jpg" },
    ],
    31_000,
  );
  expect(said).toEqual([
    "r: still reading a.jpg: 420000 of 3400000 bytes after 12 s",
    "r: still reading a.jpg (and 1 more): no answer yet after 45 s",
  ]);
});
