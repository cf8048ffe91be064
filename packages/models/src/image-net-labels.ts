import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundledFolder } from "./bundled-folder.js";
import { type Label, parseLabels } from "./labels.js";

/** The 1000 classes of ImageNet-1k in the order of every network trained on it: those of the bundled models. */
export async function imageNetLabels(): Promise<readonly Label[]> {
  const path = join(bundledFolder, "efficientnet-lite0", "labels.json");
  return parseLabels(await readFile(path, "utf8"), 1000, path);
}
