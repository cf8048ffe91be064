import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errorCatalog, LabelfleetError, toLabelfleetError } from "./errors.js";

test("docs/errors.md lists exactly the catalogue", () => {
  const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (.+) \| (yes|no) \| (\d) \|$/gm)];
  const documented = rows.map(([, code, meaning, retried, exit]) => [code, meaning, retried === "yes", Number(exit)]);
  const known = Object.entries(errorCatalog).map(([code, e]) => [code, e.meaning, e.retryable, e.exitCode]);
  expect(documented).toEqual(known);
});

test("a message is one line, whatever a key holds", () => {
  expect(new LabelfleetError("OBJECT_DENIED", "s3://b/a\nb\u001b[2J is denied").message).toBe(
    "s3://b/a\\u000ab\\u001b[2J is denied",
  );
});

test("a foreign error becomes INTERNAL with its first line, and keeps its cause", () => {
  const cause = new TypeError("x is undefined\n    at y");
  const error = toLabelfleetError(cause);
  expect([error.code, error.message, error.cause]).toEqual(["INTERNAL", "x is undefined", cause]);
  const ours = new LabelfleetError("USAGE", "no");
  expect(toLabelfleetError(ours)).toBe(ours);
});
