import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import pretty from "pino-pretty";
import { redactor } from "./secrets.js";

export type Logger = PinoLogger;

/**
 * Logs go to stderr: readable lines on a terminal, one JSON object a line otherwise. Secrets are never fields;
 * what libraries say is searched for them all the same.
 */
export function createLogger(options: { name: string; level?: string; pretty?: boolean }): Logger {
  const readable = options.pretty ?? process.stderr.isTTY ?? false;
  const destination: DestinationStream = readable
    ? pretty({ destination: 2, sync: true, colorize: process.stderr.isTTY ?? false, ignore: "pid,hostname,name" })
    : pino.destination({ dest: 2, sync: true });
  const redact = redactor(process.env);
  const redacted: DestinationStream = { write: (line) => destination.write(redact(line)) };
  return pino({ name: options.name, level: options.level ?? "info" }, redacted);
}
