import { expect, test } from "vitest";
import { colour, intUpTo, laneName, maxFailed, nonNegativeInt, positiveInt, probability } from "./flags.js";

test("numbers out of range or not whole are refused", () => {
  expect(positiveInt("12")).toBe(12);
  for (const text of ["0", "-1", "1.5", "x", ""]) expect(() => positiveInt(text)).toThrow("at least 1");
  expect(nonNegativeInt("0")).toBe(0);
  expect(() => nonNegativeInt("")).toThrow("at least 0");
  expect(() => intUpTo(10)("11")).toThrow("at most 10");
});

test("--max-failed takes a count or a percentage", () => {
  expect(maxFailed("250")).toEqual({ kind: "count", count: 250 });
  expect(maxFailed("10%")).toEqual({ kind: "share", share: 0.1 });
  expect(maxFailed("0.5%")).toEqual({ kind: "share", share: 0.005 });
  for (const text of ["101%", "-1", "ten", "5 %"]) expect(() => maxFailed(text)).toThrow("expected a count");
});

test("a lane's name is safe in a Redis key", () => {
  expect(laneName("gpu-large-2")).toBe("gpu-large-2");
  for (const text of ["", "GPU", "a b", "a}", "x".repeat(64)]) expect(() => laneName(text)).toThrow("lower-case");
});

test("a probability lies between 0 and 1", () => {
  expect(["0", "0.25", "1"].map(probability)).toEqual([0, 0.25, 1]);
  for (const text of ["", "-0.1", "1.01", "half", "50%"]) expect(() => probability(text)).toThrow("from 0 to 1");
});

test("a background is black, white or #rrggbb", () => {
  expect(["white", "Black", "#FfF", "#01aBcd"].map(colour)).toEqual(["#ffffff", "#000000", "#ffffff", "#01abcd"]);
  for (const text of ["", "red", "ffffff", "#ffff", "#gggggg"]) expect(() => colour(text)).toThrow("expected black");
});
