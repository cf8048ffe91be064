import { expect, test } from "vitest";
import { denseNet169, resNet50 } from "./yardsticks.js";

test.each([
  // Parameters as torchvision counts them, multiply-adds as its documentation lists them.
  ["ResNet-50", resNet50, 25_557_032, 4.09],
  ["DenseNet-169", denseNet169, 14_149_480, 3.36],
])("%s has the parameters and multiply-adds of the published network", (_name, build, parameters, billions) => {
  const built = build(224);
  expect(built.parameters).toBe(parameters);
  expect(built.multiplyAdds / 1e9).toBeCloseTo(billions, 1);
});
