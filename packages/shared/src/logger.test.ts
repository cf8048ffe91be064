import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const logger = new URL("../dist/logger.js", import.meta.url).href;

function logged(format: "text" | "json"): string {
  const script = `
    const { createLogger } = await import(${JSON.stringify(logger)});
    const log = createLogger({ name: "x", format: ${JSON.stringify(format)} });
    log.info({ key: "k\\u001b[2J\\u009b1m", err: new Error("of a library\\u001b]0;t\\u0007") }, "m\\u001b[2J\\u202e\\r\\u007f C:\\\\u001b");`;
  return spawnSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" }).stderr;
}

test("log lines for people show control characters and do not obey them", () => {
  const text = logged("text");
  expect(text).toContain("m\\u001b[2J\\u202e\\u000d\\u007f C:\\u001b");
  expect(text).toContain("k\\u001b[2J\\u009b1m");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});

test("log lines for programs carry them as JSON escapes", () => {
  const line = logged("json");
  expect(line).toMatch(/^[\n -~]+$/);
  expect(JSON.parse(line)).toMatchObject({ key: "k\u001b[2J\u009b1m", msg: "m\u001b[2J\u202e\r\u007f C:\\u001b" });
});
