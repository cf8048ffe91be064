import { expect, test, vi } from "vitest";
import { createProgram } from "./program.js";

test("a pattern that the shell replaced by the names of files is to be quoted", async () => {
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    const words = ["node", "labelfleet", "run", "in", "--out", "out", "--include", "a.jpg", "b.jpg"];
    await expect(createProgram(() => {}).parseAsync(words)).rejects.toThrow("too many arguments");
    expect(stderr.mock.calls.join("")).toMatch(/quote patterns .*--include '\*\.jpg'/);
  } finally {
    stderr.mockRestore();
  }
});
