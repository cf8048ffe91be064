import { createRequire } from "node:module";
import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import type { build } from "pino-pretty";
import { redactor } from "./secrets.js";

export type Logger = PinoLogger;

/**
 * Logs go to stderr: readable lines on a terminal, one JSON object a line otherwise. Secrets are never fields;
 * what libraries say is searched for them all the same.
 */
export function createLogger(options: { name: string; level?: string; pretty?: boolean }): Logger {
  const readable = options.pretty ?? process.stderr.isTTY ?? false;
  const destination: DestinationStream = readable
    ? prettyStream({ destination: 2, sync: true, colorize: process.stderr.isTTY ?? false, ignore: "pid,hostname,name" })
    : pino.destination({ dest: 2, sync: true });
  const redact = redactor(process.env);
  const redacted: DestinationStream = { write: (line) => destination.write(redact(line)) };
  return pino({ name: options.name, level: options.level ?? "info" }, redacted);
}

/** Loaded only for people: most processes log to a file or another process. */
const prettyStream: typeof build = (options) =>
  (createRequire(import.meta.url)("pino-pretty") as typeof build)(options);
