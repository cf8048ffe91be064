import { readFileSync } from "node:fs";
import { readConfig } from "@labelfleet/shared/config";
import { s3EnvironmentSchema } from "@labelfleet/shared/storage/s3-config";
import type { Command, Option } from "commander";
import { expect, test } from "vitest";
import { createProgram } from "./program.js";

const page = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");

interface Row {
  name: string;
  /** null for an empty cell. */
  default: string | null;
}

/** The rows of a table whose first cell is code: name and default. */
function rowsOf(text: string): Row[] {
  return [...text.matchAll(/^\| `([^`]+)` +\|(?: +`([^`]+)`| +required)? +\|/gm)].map(([, name, value]) => ({
    name: name!,
    default: value ?? null,
  }));
}

/** The text below the level-three heading that starts so, up to the next heading. */
function sectionOf(heading: string): string {
  const section = page.split(/^(?=##)/m).find((part) => part.startsWith(`### ${heading}\n`));
  if (section === undefined) throw new Error(`docs/configuration.md has no section ${heading}`);
  return section;
}

const globalFlags = ["--json", "--verbose"];

/** Every command that does something itself, with the name that the page gives it. */
function commandsOf(parent: Command, prefix = ""): { usage: string; options: readonly Option[] }[] {
  return parent.commands.flatMap((command) => {
    if (command.commands.length > 0) return commandsOf(command, `${prefix}${command.name()} `);
    const args = command.registeredArguments.map((arg) => (arg.required ? ` <${arg.name()}>` : ` [${arg.name()}]`));
    return { usage: `${prefix}${command.name()}${args.join("")}`, options: command.options };
  });
}

const commands = commandsOf(createProgram(() => {})).filter(({ usage }) => !usage.startsWith("bench"));

/** Some defaults are decided later than by commander; their flag's description names them. */
function defaultInWords(option: Option): string | undefined {
  return /\(default: (.+)\)$/.exec(option.description)?.[1];
}

/** The page's rows for a command: those of every section whose heading names it. */
function documentedFlags(usage: string): Row[] {
  const flags = page.slice(page.indexOf("## Flags"), page.indexOf("## Exit codes"));
  const sections = flags.split(/^(?=### )/m).filter((part) => part.split("\n")[0]!.includes(`\`${usage}\``));
  if (sections.length === 0) throw new Error(`docs/configuration.md has no section for ${usage}`);
  return sections.flatMap(rowsOf);
}

test.each(commands)("docs/configuration.md lists the flags of $usage with their defaults", ({ usage, options }) => {
  const own = options.filter((option) => !globalFlags.includes(option.long ?? ""));
  const documented = documentedFlags(usage);
  expect(documented.map(({ name }) => name)).toEqual(own.map(({ flags }) => flags));
  for (const [i, option] of own.entries()) {
    const text = documented[i]!.default;
    const words = defaultInWords(option);
    if (words !== undefined) expect([option.flags, text]).toEqual([option.flags, words]);
    else expect([option.flags, parsed(option, text)]).toEqual([option.flags, option.defaultValue]);
  }
});

/** A documented default as the flag's own parser reads it. */
function parsed(option: Option, text: string | null): unknown {
  if (text === null) return undefined;
  return option.parseArg ? option.parseArg(text, undefined) : text;
}

test("every command has the flags that docs/configuration.md gives to all", () => {
  expect(rowsOf(sectionOf("Every command")).map(({ name }) => name)).toEqual(globalFlags);
  for (const { usage, options } of commands) {
    const flags = options.map(({ flags }) => flags);
    expect([usage, globalFlags.filter((flag) => !flags.includes(flag))]).toEqual([usage, []]);
  }
});

test("docs/configuration.md names no command that there is not", () => {
  const headings = [...page.matchAll(/^### (.*`.*)$/gm)].flatMap(([, text]) => [...text!.matchAll(/`([^`]+)`/g)]);
  const known = commands.map(({ usage }) => usage);
  expect(headings.map(([, usage]) => usage!).filter((usage) => !known.includes(usage))).toEqual([]);
});

test("docs/configuration.md lists labelfleet's environment variables with their defaults", () => {
  const read = new Set<string>();
  const empty = new Proxy<NodeJS.ProcessEnv>(
    {},
    {
      get(_, name) {
        read.add(String(name));
        return undefined;
      },
    },
  );
  const documented = rowsOf(sectionOf("labelfleet"));
  const config = readConfig(empty);
  expect(documented.map(({ name }) => name)).toEqual([...read]);
  expect(readConfig(defaultsOf(documented))).toEqual(config);
  const hasDefault = (value: unknown): boolean =>
    value !== null && (typeof value !== "object" || Object.values(value).some(hasDefault));
  const withDefault = Object.values(config).filter(hasDefault);
  expect(Object.keys(defaultsOf(documented))).toHaveLength(withDefault.length);
});

test("docs/configuration.md lists the object store's environment variables with their defaults", () => {
  const documented = rowsOf(sectionOf("Object store"));
  expect(documented.map(({ name }) => name).sort()).toEqual(Object.keys(s3EnvironmentSchema.shape).sort());
  const defaults = Object.entries(s3EnvironmentSchema.parse({})).map(([name, value]) => [name, String(value)]);
  expect(defaultsOf(documented)).toEqual(Object.fromEntries(defaults));
});

function defaultsOf(rows: Row[]): Record<string, string> {
  return Object.fromEntries(rows.flatMap((row) => (row.default === null ? [] : [[row.name, row.default]])));
}
