import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraphBuilder } from "@labelfleet/models/onnx/graph-builder";
import { afterAll, beforeAll, expect, it } from "vitest";
import { probeGraph } from "./graph-probe.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "labelfleet-probe-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("gives the scores of images that differ, and says in the user's words what onnxruntime refuses", async () => {
  const graph = new GraphBuilder();
  const images = graph.input("images", "uint8", ["N", 32, 32, 3]);
  const planes = graph.castToFloat("float", graph.transposeToNchw("planes", images));
  graph.output(graph.globalAveragePool("means", planes), "float32", ["N", 3]);
  const modelPath = join(folder, "means.onnx");
  await writeFile(modelPath, graph.encode("means"));
  const rows = (await probeGraph({ modelPath, source: "mine/model.onnx" }))!;
  expect(rows).toHaveLength(3);
  expect(new Set(rows.map((row) => Math.round(row[0]!))).size).toBe(3);
  for (const value of rows.flatMap((row) => [...row])) expect(value).toBeGreaterThan(0);

  await writeFile(modelPath, "no graph");
  const refused = probeGraph({ modelPath, source: "mine/model.onnx" });
  await expect(refused).rejects.toThrow(/^mine\/model\.onnx: onnxruntime cannot load it: (?!.*means\.onnx)/);
});

it("does not judge a graph whose operators only a GPU has", async () => {
  const graph = new GraphBuilder();
  const images = graph.input("images", "uint8", ["N", 32, 32, 3]);
  const planes = graph.castToFloat("float", graph.transposeToNchw("planes", images));
  const bfloat16 = graph.node("Cast", "bfloat16", [graph.globalAveragePool("means", planes)], { to: 16 });
  graph.output(graph.castTo("y", graph.node("Exp", "powers", [bfloat16]), "float32"), "float32", ["N", 3]);
  const modelPath = join(folder, "gpu.onnx");
  await writeFile(modelPath, graph.encode("gpu"));
  expect(await probeGraph({ modelPath, source: "mine/model.onnx" })).toBeNull();
});
