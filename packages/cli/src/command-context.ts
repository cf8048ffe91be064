import { type Config, readConfig } from "@labelfleet/shared/config";
import { createLogger, type Logger } from "@labelfleet/shared/logger";

/** Flags that every command has. */
export interface GlobalFlags {
  json?: boolean;
  verbose?: boolean;
}

/** What a command is given besides its own flags. */
export interface CommandContext {
  config: Config;
  logger: Logger;
  /** Whether stdout carries one JSON document instead of text for people. */
  json: boolean;
}

export function createContext(flags: GlobalFlags): CommandContext {
  const config = readConfig(process.env);
  const level = flags.verbose ? "debug" : config.logLevel;
  return { config, logger: createLogger({ name: "labelfleet", level }), json: flags.json ?? false };
}

export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}
