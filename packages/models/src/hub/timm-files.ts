import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { imageNetLabels } from "../image-net-labels.js";
import { type Label, parseLabels } from "../labels.js";

/**
 * The labels that a configuration names, else those of its number of classes: timm's own ImageNet weights name none, and 1000
 * classes are ImageNet's. Others are numbered.
 *
 * @throws LabelfleetError MODEL_INVALID when the names are not one a class
 */
export async function labelsFor(
  numClasses: number,
  named: readonly Label[] | null,
  source: string,
): Promise<readonly Label[]> {
  if (named) return parseLabels(JSON.stringify(named), numClasses, `${source}: label_names`);
  if (numClasses === 1000) return imageNetLabels();
  return Array.from({ length: numClasses }, (_, index) => ({ label: `class ${index}` }));
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
