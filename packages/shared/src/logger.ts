import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import pretty from "pino-pretty";

export type Logger = PinoLogger;

/** Logs go to stderr: readable lines on a terminal, one JSON object a line otherwise. Secrets are never fields. */
export function createLogger(options: { name: string; level?: string; pretty?: boolean }): Logger {
  const readable = options.pretty ?? process.stderr.isTTY ?? false;
  const destination: DestinationStream = readable
    ? pretty({ destination: 2, sync: true, colorize: process.stderr.isTTY ?? false, ignore: "pid,hostname,name" })
    : pino.destination({ dest: 2, sync: true });
  return pino({ name: options.name, level: options.level ?? "info" }, destination);
}
