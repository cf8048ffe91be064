import { expect, test } from "vitest";
import { printable, printableLines, printableWhenParsed } from "./printable.js";

const hostile = [
  ["an escape sequence", "\u001b[2J", "\\u001b[2J"],
  ["the same in one C1 character", "\u009b2J", "\\u009b2J"],
  ["a title in C1 characters", "\u009d0;x\u009c", "\\u009d0;x\\u009c"],
  ["a backspace, a bell, DEL, NUL", "\b\u0007\u007f\u0000", "\\u0008\\u0007\\u007f\\u0000"],
  ["a carriage return", "ok\rno", "ok\\u000dno"],
  ["turned text", "a\u202egpj.exe\u2066\u2069", "a\\u202egpj.exe\\u2066\\u2069"],
  ["marks of direction", "\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"],
  ["line separators", "\u2028\u2029\u0085", "\\u2028\\u2029\\u0085"],
] as const;

test.each(hostile)("shows %s instead of obeying it", (_what, text, shown) => {
  expect(printable(text)).toBe(shown);
  expect(printableLines(`${text}\n`)).toBe(`${shown}\n`);
  expect(JSON.parse(printableWhenParsed(JSON.stringify({ text })))).toEqual({ text: shown });
  // JSON on a terminal is as safe, and the same document.
  const json = printableLines(JSON.stringify({ text }, null, 2));
  expect(printable(json.replaceAll("\n", ""))).toBe(json.replaceAll("\n", ""));
  expect(JSON.parse(json)).toEqual({ text });
});

test("leaves what people write, in any script, and our own lines", () => {
  const text = "Größe 写真 صورة עברית 👩‍🔬 a\\u001b é";
  expect(printable(text)).toBe(text);
  expect(printableLines(`${text}\n${text}\n`)).toBe(`${text}\n${text}\n`);
  const record = { msg: `${text} "quoted" C:\\new`, err: { stack: "Error: x\n\tat y\n" } };
  expect(JSON.parse(printableWhenParsed(JSON.stringify(record)))).toEqual(record);
});

test("a name is one line", () => {
  expect(printable("a\n[ERROR] b\tc")).toBe("a\\u000a[ERROR] b\\u0009c");
});
