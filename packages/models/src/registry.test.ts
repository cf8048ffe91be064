import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@labelfleet/shared/errors";
import { describe, expect, it } from "vitest";
import { loadModelFolder, readWeights } from "./model-folder.js";
import { bundledModelIds, resolveModel } from "./registry.js";

describe("the bundled models", async () => {
  const ids = await bundledModelIds();

  it("are the three with real weights", () => {
    expect(ids).toEqual(["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"]);
  });

  it.each(ids)(
    "%s has the id of its folder, a label for each class and the weights that its card names",
    async (id) => {
      const model = await resolveModel(id);
      expect(model.card.id).toBe(id);
      expect(model.labels).toHaveLength(1000);
      expect(model.labels[967]?.label).toBe("espresso");
      expect((await readWeights(model)).byteLength).toBeGreaterThan(9e6);
      expect((await loadModelFolder(model.folder)).sha256).toBe(model.sha256);
    },
  );

  it("have three identities", async () => {
    const models = await Promise.all(ids.map((id) => resolveModel(id)));
    expect(new Set(models.map((model) => model.sha256)).size).toBe(3);
  });
});

describe("resolveModel", () => {
  it("names the nearest bundled models for a name that is none", async () => {
    await expect(resolveModel("efficientnet_lite1")).rejects.toSatisfy((error) => hasCode(error, "MODEL_UNKNOWN"));
    await expect(resolveModel("efficientnet_lite1")).rejects.toThrow(/nearest: efficientnet-lite1,/);
  });

  it("takes an existing folder for a model folder, and says what it lacks", async () => {
    const folder = await mkdtemp(join(tmpdir(), "labelfleet-registry-"));
    try {
      await expect(resolveModel(folder)).rejects.toSatisfy((error) => hasCode(error, "MODEL_INVALID"));
      await expect(resolveModel(folder)).rejects.toThrow(/model\.json: cannot be read/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
