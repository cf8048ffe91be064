import { expect, test } from "vitest";
import { readConfig } from "./config.js";

test.each([
  ["LABELFLEET_FIRST_INPUT", "gs://photos"],
  ["LABELFLEET_FIRST_OUTPUT", "file://host/x"],
  ["LABELFLEET_CORES", "0"],
])("%s is named when it is wrong", (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(
    new RegExp(`^the environment variable ${name} is wrong: [^\\n]+$`),
  );
});
