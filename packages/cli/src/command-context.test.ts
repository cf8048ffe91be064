import { afterEach, expect, test, vi } from "vitest";
import { createContext } from "./command-context.js";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test.each([
  ["run", "", "text"],
  ["resume", "", "text"],
  ["work", "", "json"],
  ["dashboard", "", "json"],
  ["run", "json", "json"],
  ["work", "text", "text"],
])("without a terminal, `%s` with LABELFLEET_LOG_FORMAT=%j logs %s", (command, format, expected) => {
  vi.stubEnv("LABELFLEET_LOG_FORMAT", format);
  expect(createContext({}, command).logFormat).toBe(expected);
});

test("lines for people are log lines where logs are JSON, and plain where logs are text", () => {
  const written: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  vi.stubEnv("LABELFLEET_LOG_FORMAT", "text");
  createContext({}, "run").say("Run: file:///labels/r/");
  expect(written).toEqual(["Run: file:///labels/r/\n"]);
  vi.stubEnv("LABELFLEET_LOG_FORMAT", "json");
  const context = createContext({}, "run");
  const logged = vi.spyOn(context.logger, "info").mockImplementation(() => {});
  context.say("Run: file:///labels/r/");
  expect(logged).toHaveBeenCalledWith("Run: file:///labels/r/");
  expect(written).toHaveLength(1);
});
