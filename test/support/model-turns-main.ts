import { stat } from "node:fs/promises";
import { InferPool } from "@labelfleet/gpu-worker/infer/infer-pool";
import type { GraphForm } from "@labelfleet/models/build-onnx";
import { modelMemory } from "@labelfleet/models/memory";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import { resolveModel } from "@labelfleet/models/registry";

// `node model-turns-main.js <cache folder> <turns>`: the inference threads of a worker on two cores open three graphs in turns,
// because only one fits the memory they may use, and run each. Writes the resident MiB after each tenth of the turns, as JSON.
const [cacheDir, turns] = [process.argv[2]!, Number(process.argv[3])];
const forms: GraphForm["outputs"][] = [["probabilities"], ["probabilities", "embedding"], ["logits"]];

const { card, ...folder } = await resolveModel("efficientnet-lite0");
const models = await Promise.all(
  forms.map(async (outputs) => {
    const modelPath = await ensureOnnx({ card, ...folder }, { cacheDir, outputs });
    const memory = modelMemory(card, (await stat(modelPath)).size, "fp32");
    const { inputPx, numClasses } = card;
    const modelKey = outputs.join(" ");
    return { modelKey, modelPath, inputPx, numClasses, embeddings: false, warmUpImages: 1, memory };
  }),
);
const pool = new InferPool({
  threads: 2,
  device: "auto",
  timeoutMs: 60_000,
  memoryBytesOf: async () => 1,
  onCap: () => {},
  onDied: (error) => {
    throw error;
  },
});
const mib: number[] = [];
for (let turn = 0; turn < turns; turn++) {
  const model = models[turn % models.length]!;
  await (turn < models.length ? pool.load(model) : pool.bring(model.modelKey));
  const outcome = await pool.infer(model.modelKey, [new ArrayBuffer(card.inputPx ** 2 * 3)], 1);
  if (!outcome.ok) throw outcome.error;
  if ((turn + 1) % Math.ceil(turns / 10) === 0) mib.push(Math.round(process.memoryUsage.rss() / 1024 ** 2));
}
process.stdout.write(`${JSON.stringify(mib)}\n`);
await pool.close();
