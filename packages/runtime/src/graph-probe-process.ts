import { writeFile } from "node:fs/promises";
import type { FromProbe } from "./graph-probe.js";
import { openOnnxSession } from "./onnx-session.js";
import { probeImages } from "./probe-images.js";

/** Entry of the process that graph-probe.ts starts: runs one graph on each test image, says what came, and ends. */
async function main(modelPath: string): Promise<FromProbe> {
  // Where memory ends, this process is the one to go. The kernel lets any process volunteer.
  await writeFile("/proc/self/oom_score_adj", "1000").catch(() => undefined);
  try {
    const { session } = await openOnnxSession({ modelPath, device: "cpu" });
    const rows: Float32Array[] = [];
    for (const image of probeImages(session.inputPx)) rows.push(await session.run(image, 1));
    return { type: "rows", rows };
  } catch (error) {
    return { type: "failed", message: (error as Error).message };
  }
}

process.once("disconnect", () => process.exit(0));
process.send?.(await main(process.argv[2] ?? ""), undefined, undefined, () => process.exit(0));
