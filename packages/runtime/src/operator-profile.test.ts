import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraphBuilder } from "@labelfleet/models/onnx/graph-builder";
import { expect, it } from "vitest";
import { profileOperators } from "./operator-profile.js";

it("sums each operator's nodes", async () => {
  const graph = new GraphBuilder();
  const planes = graph.transposeToNchw("planes", graph.input("images", "uint8", ["N", 8, 8, 3]));
  const means = graph.channelMeans("means", graph.castToFloat("float", planes));
  graph.output(graph.softmax("again", graph.softmax("once", means)), "float32", ["N", 3]);
  const folder = await mkdtemp(join(tmpdir(), "labelfleet-profiled-"));
  try {
    const modelPath = join(folder, "graph.onnx");
    await writeFile(modelPath, graph.encode("graph"));
    const profile = await profileOperators(modelPath, 8, 3);
    const nodes = Object.fromEntries(profile.map(({ operator, nodes: count }) => [operator, count]));
    expect(nodes).toMatchObject({ Transpose: 1, Cast: 1, ReduceMean: 1, Softmax: 2 });
    expect(profile.every(({ ms }) => ms >= 0)).toBe(true);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
