import { fileURLToPath } from "node:url";

/** This command line as a program and its first words, for processes that are to be started with it. */
export const labelfleetCommand: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("../bin/labelfleet.js", import.meta.url)),
];
