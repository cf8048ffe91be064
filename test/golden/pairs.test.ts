import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureOnnx } from "@labelfleet/models/model-cache";
import { resolveModel } from "@labelfleet/models/registry";
import { openOnnxSession } from "@labelfleet/runtime/onnx-session";
import { expect, test } from "vitest";
import { formulaImage } from "./formula.js";

test("an image's probabilities are the same alone and in a pair, to the last bit", async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), "labelfleet-pairs-"));
  try {
    const model = await resolveModel("efficientnet-lite0");
    const { session } = await openOnnxSession({ modelPath: await ensureOnnx(model, { cacheDir }), device: "cpu" });
    const first = formulaImage(model.card.inputPx);
    const second = first.toReversed();
    const alone = [await session.run(first, 1), await session.run(second, 1)];
    const pair = await session.run(Buffer.concat([first, second]), 2);
    expect([...pair]).toEqual(alone.flatMap((probabilities) => [...probabilities]));
    expect(alone[0]).not.toEqual(alone[1]);
    await session.close();
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
});
