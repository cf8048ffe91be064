import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeForModels } from "@labelfleet/imaging/decode";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import { preprocessSpec } from "@labelfleet/models/preprocess-spec";
import { resolveModel } from "@labelfleet/models/registry";
import { openOnnxSession } from "@labelfleet/runtime/onnx-session";
import { topK } from "@labelfleet/runtime/top-k";
import { defaultImageLimits } from "@labelfleet/shared/contract/run-spec";

/** Top-1 class by photo name, one image at a time and without any of the pipeline around it. */
export async function plainLabels(
  modelName: string,
  folder: string,
  names: readonly string[],
): Promise<Map<string, number>> {
  const model = await resolveModel(modelName);
  const spec = preprocessSpec(model.card);
  const { session } = await openOnnxSession({ modelPath: await ensureOnnx(model), device: "cpu" });
  const labels = new Map<string, number>();
  try {
    for (const name of names) {
      const bytes = await readFile(join(folder, name));
      const { pixels } = await decodeForModels(bytes, [spec], { maxPixels: defaultImageLimits.maxPixels });
      const [best] = topK(await session.run(pixels[0]!, 1), 1);
      labels.set(name, best!.index);
    }
  } finally {
    await session.close();
  }
  return labels;
}
