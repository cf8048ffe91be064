import { expect, test } from "vitest";
import { LabelfleetError } from "../errors.js";
import { markUnloadable, unloadableIn } from "./unloadable.js";

const reasonOf = (error: unknown) => (markUnloadable(error) as Error).message;
const damaged = reasonOf(new LabelfleetError("MODEL_INVALID", "m: weights are damaged"));

test("a model that no worker can load ends the feeding with its reason", () => {
  const error = unloadableIn(["the output refuses", damaged], 0);
  expect(error).toMatchObject({
    code: "MODEL_INVALID",
    message: "no worker can load the model: m: weights are damaged",
  });
});

test("other failures do not, and neither does a model that some worker has loaded", () => {
  expect(
    unloadableIn([reasonOf(new LabelfleetError("OUTPUT_UNWRITABLE", "full")), reasonOf(new Error("x"))], 0),
  ).toBeNull();
  expect(unloadableIn([damaged], 1)).toBeNull();
  expect(unloadableIn([], 0)).toBeNull();
});
