import { expect, test } from "vitest";
import type { Prediction } from "../contract/prediction.js";
import { encoderOf } from "./encoder.js";
import { fieldNames } from "./fiftyone.js";

const namesOf = (...ids: string[]) => [...fieldNames(ids).values()];

test("a model's field has its id with every mark as _, unless another model's has, too", () => {
  expect(namesOf("efficientnet-lite0", "b-1.0")).toEqual(["efficientnet_lite0", "b_1_0"]);
  expect(namesOf("m.1", "m-1")).toEqual(["m_dot_1", "m_dash_1"]);
  expect(namesOf("m-1", "other", "m.1")).toEqual(["m_dash_1", "other", "m_dot_1"]);
  expect(namesOf("m.1", "m_1", "m-1")).toEqual(["m_dot_1", "m_1", "m_dash_1"]);
});

test("no two models of a run share a field, whatever their ids are", () => {
  const signs = ["a", ".", "-", "_", "_dot_", "_dash_"];
  const ids = signs.flatMap((one) => signs.flatMap((two) => signs.map((three) => `${one}${two}${three}`)));
  const distinct = [...new Set(ids)];
  const names = namesOf(...distinct);
  expect(new Set(names).size).toBe(distinct.length);
  for (const name of names) expect(name).toMatch(/^[a-z0-9_]+$/);
});

test("both of two models whose ids differ in a mark are in the file, with their labels and failures", () => {
  const record = (modelId: string, label: string | null) =>
    ({
      key: "k",
      sizeBytes: 5,
      width: null,
      height: null,
      modelId,
      status: label === null ? "failed" : "ok",
      top: label === null ? null : [{ index: 1, label, probability: 0.5 }],
      errorCode: label === null ? "IMAGE_CORRUPT" : null,
    }) as Prediction;
  const encoder = encoderOf("fiftyone", (key) => key, ["m.1", "m-1"]);
  const text = `${encoder.start}${encoder.image([record("m.1", "cat"), record("m-1", "dog")])}${encoder.image([record("m.1", null), record("m-1", null)])}${encoder.end}`;
  expect(JSON.parse(text)).toMatchObject({
    samples: [
      { model_m_dot_1: { label: "cat" }, model_m_dash_1: { label: "dog" } },
      { error_m_dot_1: "IMAGE_CORRUPT", error_m_dash_1: "IMAGE_CORRUPT" },
    ],
  });
});
