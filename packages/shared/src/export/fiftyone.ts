import { createHash } from "node:crypto";
import type { Prediction } from "../contract/prediction.js";

/**
 * The JSON that FiftyOne's LegacyFiftyOneDataset importer reads: a folder with a `samples.json`, which holds
 * `{"samples": [...]}` with one sample an image and one Classification an image and model
 * (https://docs.voxel51.com/api/fiftyone.utils.data.importers.html). Of its formats it is the one that can name images where
 * they lie and hold several models' labels.
 */
export const fiftyoneHeader = '{"samples":[';
export const fiftyoneFooter = "\n]}\n";

/**
 * One sample, without the comma between two.
 *
 * @param records of one image, one a model
 * @param filepath where FiftyOne finds the image
 * @param names of `fieldNames`, for all models of the run
 */
export function fiftyoneSample(records: Prediction[], filepath: string, names: ReadonlyMap<string, string>): string {
  const [image] = records;
  if (image === undefined) throw new RangeError("a sample needs a record");
  const isFailed = records.some(({ status }) => status === "failed");
  const sample: Record<string, unknown> = {
    filepath,
    tags: isFailed ? ["failed"] : [],
    metadata: {
      _cls: "ImageMetadata",
      size_bytes: image.sizeBytes,
      ...(image.width === null ? {} : { width: image.width, height: image.height }),
    },
    _media_type: "image",
    key: image.key,
  };
  for (const { modelId, top, errorCode } of records) {
    const name = names.get(modelId) ?? hashedName(modelId);
    const [first] = top ?? [];
    if (first !== undefined) {
      const { label, probability } = first;
      sample[`model_${name}`] = { _cls: "Classification", tags: [], label, confidence: probability };
    }
    if (errorCode !== null) sample[`error_${name}`] = errorCode;
  }
  return `\n${JSON.stringify(sample)}`;
}

/** FiftyOne's fields are Python names: no dots and hyphens, and some are taken, which the prefixes `model_` and `error_` keep apart. */
const plainName = (modelId: string) => modelId.replaceAll(/[^a-z0-9]/g, "_");
const spelledName = (modelId: string) => modelId.replaceAll(".", "_dot_").replaceAll("-", "_dash_");
const hashedName = (modelId: string) =>
  `${plainName(modelId)}_${createHash("sha256").update(modelId).digest("hex").slice(0, 12)}`;

/**
 * What the fields of a run's models are called. Where ids differ in a mark alone (`m.1`, `m-1`), their marks are spelled
 * (`m_dot_1`, `m_dash_1`), so that no model takes another's field; names do not depend on the order of the models.
 */
export function fieldNames(modelIds: readonly string[]): Map<string, string> {
  const ids = [...new Set(modelIds)];
  const isUnique = (names: string[], name: string) => names.indexOf(name) === names.lastIndexOf(name);
  const plain = ids.map(plainName);
  const spelled = ids.map((id, i) => (isUnique(plain, plain[i]!) ? plain[i]! : spelledName(id)));
  return new Map(ids.map((id, i) => [id, isUnique(spelled, spelled[i]!) ? spelled[i]! : hashedName(id)]));
}
