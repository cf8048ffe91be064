import { resolveModel } from "@labelfleet/models/registry";
import { expect, it } from "vitest";
import { MemoryStore } from "../test-support/memory-store.js";
import { uploadModels } from "./upload-models.js";

it("uploadModels puts the folder once, the card last", async () => {
  const model = await resolveModel("efficientnet-lite0");
  const store = new MemoryStore();
  await uploadModels(store, "out/", [model]);
  const keys = [...store.objects.keys()];
  expect(keys).toHaveLength(3);
  expect(keys.at(-1)).toBe(`out/models/${model.sha256}/model.json`);

  const weights = `out/models/${model.sha256}/weights.safetensors`;
  store.objects.set(weights, Buffer.from("kept"));
  await uploadModels(store, "out/", [model]);
  expect(store.objects.get(weights)!.toString()).toBe("kept");
  store.objects.delete(keys.at(-1)!);
  await uploadModels(store, "out/", [model]);
  expect(store.objects.has(keys.at(-1)!)).toBe(true);
});
