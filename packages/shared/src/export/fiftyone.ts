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
 */
export function fiftyoneSample(records: Prediction[], filepath: string): string {
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
    const [first] = top ?? [];
    if (first !== undefined) {
      const { label, probability } = first;
      sample[fieldOf("model", modelId)] = { _cls: "Classification", tags: [], label, confidence: probability };
    }
    if (errorCode !== null) sample[fieldOf("error", modelId)] = errorCode;
  }
  return `\n${JSON.stringify(sample)}`;
}

/** FiftyOne's fields are Python names: no dots and hyphens, and some are taken, which the prefix keeps apart. */
function fieldOf(prefix: "model" | "error", modelId: string): string {
  return `${prefix}_${modelId.replaceAll(/[^a-z0-9]/g, "_")}`;
}
