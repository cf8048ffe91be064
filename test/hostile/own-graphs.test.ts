import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import { resolveModel } from "@labelfleet/models/registry";
import { probeGraph } from "@labelfleet/runtime/graph-probe";
import { hasCode } from "@labelfleet/shared/errors";
import { afterEach, beforeEach, expect, it } from "vitest";

const graphs = fileURLToPath(new URL("./own-graphs/", import.meta.url));

let folder: string;
let cacheDir: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "labelfleet-hostile-graph-"));
  cacheDir = await mkdtemp(join(tmpdir(), "labelfleet-hostile-cache-"));
});
afterEach(async () => {
  for (const path of [folder, cacheDir]) await rm(path, { recursive: true, force: true });
});

async function modelFolder(graph: string): Promise<void> {
  await copyFile(join(graphs, graph), join(folder, "model.onnx"));
  const sha256 = createHash("sha256")
    .update(await readFile(join(folder, "model.onnx")))
    .digest("hex");
  const card = {
    ...{ schemaVersion: 1, id: "stranger", inputPx: 32, cropPct: 1, interpolation: "bilinear", numClasses: 10 },
    ...{ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], activation: "softmax", license: "none", source: "a stranger" },
    weights: { file: "model.onnx", sha256 },
  };
  await writeFile(join(folder, "model.json"), JSON.stringify(card));
  const labels = Array.from({ length: 10 }, (_, index) => ({ label: `class ${index}` }));
  await writeFile(join(folder, "labels.json"), JSON.stringify(labels));
}

it.each([
  ["loops for ever", "loop-forever.onnx", /model\.onnx: its graph did not end within 4 s$/],
  ["allocates while it is loaded", "allocate.onnx", /model\.onnx: its graph takes more than 1\.0 GiB for one image$/],
  ["allocates while it runs", "allocate-dyn.onnx", /model\.onnx: its graph takes more than 1\.0 GiB for one image$/],
])("a graph that %s is refused in one line, apart from this process, and is not cached", async (_what, graph, line) => {
  await modelFolder(graph);
  const model = await resolveModel(folder);
  const limits = { maxMs: 4_000, maxExtraBytes: 1024 ** 3 };
  const built = ensureOnnx(model, { cacheDir, probe: (own) => probeGraph(own, limits) });
  await expect(built).rejects.toThrow(line);
  await expect(built).rejects.toSatisfy((error) => hasCode(error, "MODEL_INVALID"));
  expect(await readdir(cacheDir)).toEqual([]);
  expect(process.memoryUsage.rss()).toBeLessThan(1024 ** 3);
});
