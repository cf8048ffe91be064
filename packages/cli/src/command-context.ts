import { type Config, readConfig } from "@labelfleet/shared/config";
import type { LogFormat } from "@labelfleet/shared/log-format";
import { createLogger, type Logger } from "@labelfleet/shared/logger";
import { writeErr, writeOut } from "./view/terminal.js";

/** Flags that every command has. */
export interface GlobalFlags {
  json?: boolean;
  verbose?: boolean;
}

/** What a command is given besides its own flags. */
export interface CommandContext {
  config: Config;
  logger: Logger;
  /** What stderr carries: lines of text, or one JSON object a line. Never both. */
  logFormat: LogFormat;
  /** Writes a line for people to stderr: as it is, or as a log line where logs are JSON. */
  say: (line: string) => void;
  /** Whether stdout carries one JSON document instead of text for people. */
  json: boolean;
}

/** Commands that run as services: without a terminal, a program reads their logs. */
const services = new Set(["work", "dashboard"]);

export function createContext(flags: GlobalFlags, command: string): CommandContext {
  const config = readConfig(process.env);
  const level = flags.verbose ? "debug" : config.logLevel;
  const logFormat = config.logFormat ?? (services.has(command) && !process.stderr.isTTY ? "json" : "text");
  const logger = createLogger({ name: "labelfleet", level, format: logFormat });
  const say = (line: string) => {
    if (logFormat === "json") logger.info(line);
    else writeErr(`${line}\n`);
  };
  return { config, logger, logFormat, say, json: flags.json ?? false };
}

export function printJson(document: unknown): void {
  writeOut(`${JSON.stringify(document, null, 2)}\n`);
}
