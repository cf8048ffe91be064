import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { firstRunEnvironment } from "./first-run.js";

test("addresses are as run.json has them", () => {
  expect(firstRunEnvironment({ input: "s3://demo/photos", output: "labels" })).toEqual({
    LABELFLEET_FIRST_INPUT: "s3://demo/photos/",
    LABELFLEET_FIRST_OUTPUT: pathToFileURL("labels").href,
  });
});

test("what is no address is told before there is a worker", () => {
  expect(() => firstRunEnvironment({ input: "gs://bucket", output: "labels" })).toThrow(/gs/);
});
