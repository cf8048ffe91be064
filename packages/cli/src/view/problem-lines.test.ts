import type { ProblemCode } from "@labelfleet/shared/run/problems";
import { describe, expect, it, test } from "vitest";
import { problemLines } from "./problem-lines.js";

const standing = { run: "file:///out/x/", isFinished: true, isCancelled: false };
const linesOf = (codes: ProblemCode[], other: Partial<typeof standing> = {}) => {
  const kept = codes.map((code) => ({ code, subject: "a", message: `a: ${code}` }));
  return problemLines({ total: kept.length, kept }, { ...standing, ...other });
};

test("what is wrong is followed by the command that repairs it, which a cancelled run has to be forced to", () => {
  expect(linesOf(["shard-missing"])).toBe("  a: shard-missing\nRepair it with: npx labelfleet resume file:///out/x/\n");
  expect(linesOf(["shard-missing"], { isCancelled: true })).toBe(
    "  a: shard-missing\nThe run was cancelled. To complete it anyway: npx labelfleet resume file:///out/x/ --force\n",
  );
});

describe("resume is not advised where it would repair nothing:", () => {
  it.each<[string, ProblemCode[]]>([
    ["a chunk of the manifest is gone", ["chunk-missing", "report-wrong"]],
    ["a chunk of the manifest cannot be read", ["shard-missing", "chunk-unreadable"]],
    ["the ranges of a finished run are gone", ["range-missing", "shard-unexpected"]],
    ["the end of a finished run's range is gone", ["range-open"]],
  ])("%s", (_, codes) => {
    expect(linesOf(codes)).toMatch(/put its files back from a backup, or label the input again/);
    expect(linesOf(codes)).not.toContain("Repair it with");
  });

  it("a file belongs to no batch", () => {
    expect(linesOf(["shard-unexpected"])).toMatch(/move them out of the run's folder\n$/);
  });
});

test("resume goes on with a listing that was not finished", () => {
  expect(linesOf(["range-open"], { isFinished: false })).toContain("Repair it with: npx labelfleet resume");
});

test("a run that lacks nothing but its end is said to lack that", () => {
  expect(linesOf([], { isFinished: false })).toBe(
    "  its last step is missing: there is no _SUCCESS in its folder\nRepair it with: npx labelfleet resume file:///out/x/\n",
  );
});
