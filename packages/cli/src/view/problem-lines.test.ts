import { expect, test } from "vitest";
import { problemLines } from "./problem-lines.js";

test("what is wrong is followed by the command that repairs it, which a cancelled run has to be forced to", () => {
  const problems = {
    total: 1,
    kept: [{ code: "shard-missing" as const, subject: "a", message: "a shard is missing" }],
  };
  const lines = (isCancelled: boolean) => problemLines(problems, { run: "file:///out/x/", isCancelled });
  expect(lines(false)).toBe("  a shard is missing\nRepair it with: npx labelfleet resume file:///out/x/\n");
  expect(lines(true)).toBe(
    "  a shard is missing\nThe run was cancelled. To complete it anyway: npx labelfleet resume file:///out/x/ --force\n",
  );
});
