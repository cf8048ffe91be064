import { expect, it } from "vitest";
import { checkActivation, normalisationFault } from "./card-rules.js";

const half = [0.5, 0.5, 0.5];

it.each([
  [
    [123.675, 116.28, 103.53],
    [58.395, 57.12, 57.375],
    /which is mean 0\.485,0\.456,0\.406 and std 0\.229,0\.224,0\.225$/,
  ],
  [[103.939, 116.779, 123.68], [1, 1, 1], /which is mean 0\.\d+,0\.\d+,0\.\d+ and std 0\.003922,0\.003922,0\.003922$/],
  [[127.5, 127.5, 127.5], half, /which is mean 0\.5,0\.5,0\.5$/],
  [half, [127.5, 127.5, 127.5], /^std 127.5,127.5,127.5 is on a scale of 0 to 255.* std 0\.5,0\.5,0\.5$/],
])("mean %j and std %j are on a scale of 0 to 255", (mean, std, message) => {
  expect(normalisationFault({ mean, std })).toMatch(message);
});

it.each([
  [half, half],
  [
    [0, 0, 0],
    [1, 1, 1],
  ],
  [
    [0, 0, 0],
    [1 / 255, 1 / 255, 1 / 255],
  ],
  [[1, 1, 1], half],
])("mean %j and std %j are on a scale of 0 to 1", (mean, std) => {
  expect(normalisationFault({ mean, std })).toBeNull();
});

it("a softmax over one class is refused, a sigmoid is not", () => {
  expect(() => checkActivation("softmax", 1, "model.json")).toThrow(/model\.json: a softmax over one class gives 1/);
  expect(() => checkActivation("sigmoid", 1, "model.json")).not.toThrow();
  expect(() => checkActivation("softmax", 2, "model.json")).not.toThrow();
});
