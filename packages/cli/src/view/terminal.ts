import { Transform } from "node:stream";
import { printableLines } from "@labelfleet/shared/printable";

/**
 * The ways by which text for people and JSON leave the command line: names, labels, licences and messages of strangers are part of it, so no
 * control character but the line end passes. Own sequences for the cursor are written by the views that make them.
 */
export function writeOut(text: string): void {
  process.stdout.write(printableLines(text));
}

export function writeErr(text: string): void {
  process.stderr.write(printableLines(text));
}

/** For data on its way to a terminal; a file or a pipe gets every byte as it is. */
export function printableStream(): Transform {
  return new Transform({
    decodeStrings: false,
    encoding: "utf8",
    transform: (text, _encoding, done) => done(null, printableLines(String(text))),
  });
}
