import type { Prediction } from "../contract/prediction.js";
import { csvHeader, csvRow } from "./csv.js";
import { fieldNames, fiftyoneFooter, fiftyoneHeader, fiftyoneSample } from "./fiftyone.js";
import { jsonLine } from "./jsonl.js";

export const exportFormats = ["csv", "jsonl", "fiftyone"] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Turns records into text, to be written in this order: `start`, `image` for each image, `end`. */
export interface Encoder {
  contentType: string;
  start: string;
  /** All records of one image, at least one. Stateful where the format has something between two images. */
  image(records: Prediction[]): string;
  end: string;
}

/**
 * @param filepathOf where FiftyOne finds the image of a key; the other formats do not ask
 * @param modelIds of the run, whichever are exported: FiftyOne's fields are named after them
 */
export function encoderOf(
  format: ExportFormat,
  filepathOf: (key: string) => string,
  modelIds: readonly string[],
): Encoder {
  switch (format) {
    case "csv":
      return {
        contentType: "text/csv; charset=utf-8; header=present",
        start: csvHeader,
        image: (records) => records.map(csvRow).join(""),
        end: "",
      };
    case "jsonl":
      return {
        contentType: "application/x-ndjson",
        start: "",
        image: (records) => records.map(jsonLine).join(""),
        end: "",
      };
    case "fiftyone": {
      const names = fieldNames(modelIds);
      let separator = "";
      return {
        contentType: "application/json",
        start: fiftyoneHeader,
        image: (records) => {
          const text = `${separator}${fiftyoneSample(records, filepathOf(records[0]!.key), names)}`;
          separator = ",";
          return text;
        },
        end: fiftyoneFooter,
      };
    }
  }
}
