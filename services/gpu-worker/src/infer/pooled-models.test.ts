import { expect, test } from "vitest";
import { PooledModels } from "./pooled-models.js";

const model = (modelKey: string) => ({
  ...{ modelKey, modelPath: "", inputPx: 224, numClasses: 1000, embeddings: false, warmUpImages: 1 },
  memory: { modelBytes: 40, imageBytes: 10 },
});

/** Models a, b and c, of which two fit at once, on a clock that the test moves. */
function pooled() {
  const clock = { ms: 1_000 };
  const models = new PooledModels(() => clock.ms);
  models.setMemory(170);
  for (const modelKey of ["a", "b", "c"]) models.add(model(modelKey));
  const load = (modelKey: string, loadMs: number) => {
    models.loading(modelKey);
    clock.ms += loadMs;
    models.loaded(modelKey, loadMs);
  };
  return { clock, models, load };
}

test("the longest unused model makes room, and only one that is there", () => {
  const { clock, models, load } = pooled();
  expect(models.takesTurns).toBe(true);
  expect(models.victimsOf("a")).toEqual([]);
  load("a", 10);
  load("b", 10);
  expect(models.victimsOf("c")).toEqual(["a"]);
  clock.ms += 5;
  models.used("a");
  expect(models.victimsOf("c")).toEqual(["b"]);
  models.unloaded("b");
  expect([models.victimsOf("c"), models.isPresent("b")]).toEqual([[], false]);
});

test("a model gets its turn when loading has paid off, and those that nobody uses are in nobody's way", () => {
  const { clock, models, load } = pooled();
  load("c", 400);
  models.unloaded("c");
  load("a", 100);
  load("b", 100);
  models.setMaxWaiting(64);
  // a has been there for 100 ms of its 200.
  expect(models.absenceOf("c")).toEqual({ maxWaitMs: 800, maxImages: 64, turnMs: 100 });
  expect(models.absenceOf("a")).toBeNull();
  clock.ms += 150;
  models.used("b");
  expect(models.absenceOf("c")).toMatchObject({ maxWaitMs: 800, turnMs: 0 });
  clock.ms += 700;
  expect(models.absenceOf("c")).toMatchObject({ maxWaitMs: 0, turnMs: 0 });
});

test("models that fit together never make room", () => {
  const { models, load } = pooled();
  models.setMemory(1_000);
  for (const modelKey of ["a", "b"]) load(modelKey, 10);
  expect([models.takesTurns, models.victimsOf("c")]).toEqual([false, []]);
  expect(models.absenceOf("c")).toMatchObject({ maxWaitMs: 0, turnMs: 0 });
});
