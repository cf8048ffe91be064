import { createRequire } from "node:module";
import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import type { build } from "pino-pretty";
import type { LogFormat } from "./log-format.js";
import { printableLines, printableWhenParsed } from "./printable.js";
import { redactor } from "./secrets.js";

export type Logger = PinoLogger;

/**
 * Logs go to stderr, as readable lines or as one JSON object a line. Secrets are never fields; what libraries say is searched
 * for them all the same, and neither form carries control characters.
 *
 * @param options.format unset: text on a terminal, else JSON
 */
export function createLogger(options: { name: string; level?: string; format?: LogFormat }): Logger {
  const format = options.format ?? (process.stderr.isTTY ? "text" : "json");
  const destination = format === "text" ? textDestination() : pino.destination({ dest: 2, sync: true });
  const redact = redactor(process.env);
  const safe = format === "text" ? printableWhenParsed : printableLines;
  const redacted: DestinationStream = { write: (line) => destination.write(safe(redact(line))) };
  return pino({ name: options.name, level: options.level ?? "info" }, redacted);
}

/** Loaded with the first line: most commands log none. */
function textDestination(): DestinationStream {
  let stream: DestinationStream | null = null;
  return {
    write(line) {
      stream ??= prettyStream({
        destination: 2,
        sync: true,
        colorize: process.stderr.isTTY ?? false,
        ignore: "pid,hostname,name",
      });
      stream.write(line);
    },
  };
}

const prettyStream: typeof build = (options) =>
  (createRequire(import.meta.url)("pino-pretty") as typeof build)(options);
