import { listingsAtOnce } from "@labelfleet/shared/contract/manifest";
import {
  type DeviceChoice,
  defaultImageLimits,
  defaultLane,
  deviceChoices,
  type MaxFailed,
  type OutputFormat,
  outputFormats,
  type Precision,
  precisions,
} from "@labelfleet/shared/contract/run-spec";
import { type Command, Option } from "commander";
import {
  collect,
  colour,
  intUpTo,
  laneName,
  maxFailed,
  nonNegativeInt,
  portNumber,
  positiveInt,
  probability,
} from "./flags.js";

export const defaultModel = "efficientnet-lite0";

const defaultMaxFailed: MaxFailed = { kind: "share", share: 0.1 };

/** The flags that `run` and `scan` share: what to label, with what, and how it is written. */
export interface RunFlags {
  out: string;
  model?: string[];
  lane: string;
  topK: number;
  precision?: Precision;
  threshold?: number;
  embeddings?: boolean;
  background?: string;
  mergeEqualObjects?: boolean;
  device: DeviceChoice;
  batchImages?: number;
  listingRanges: number;
  format: OutputFormat;
  include?: string[];
  exclude?: string[];
  failOnUnreadable?: boolean;
  limit?: number;
  sample?: number;
  seed: number;
  since?: string;
  maxFailed: MaxFailed;
  maxPixels: number;
  maxBytes: number;
  decodeTimeout: number;
  dashboard?: boolean;
  dashboardPort?: number;
}

export function addRunFlags(command: Command): Command {
  const text = (value: string) => value;
  const limits = defaultImageLimits;
  return command
    .requiredOption("--out <uri>", "folder for the results: s3://bucket/prefix, file:///dir or a path")
    .option(
      "--model <name>",
      `model id, hf:owner/repo or model folder; may be repeated (default: ${defaultModel})`,
      collect(text),
    )
    .addOption(laneOption())
    .option("--top-k <n>", "labels kept for each image", intUpTo(1000), 5)
    .addOption(precisionOption())
    .option("--threshold <p>", "Multi-label models: minimum probability to keep", probability)
    .option("--embeddings", "add the pooled features before the classifier to each record")
    .option("--background <colour>", "show transparent images on this colour (default: in their own colours)", colour)
    .option("--merge-equal-objects", "label S3 objects of the same MD5 ETag and size once, for inputs that you trust")
    .addOption(deviceOption())
    .option("--batch-images <n>", "images in one batch (default: about ten seconds of work)", intUpTo(10_240))
    .option(
      "--listing-ranges <n>",
      "maximum number of key ranges that are listed separately",
      intUpTo(1000),
      listingsAtOnce,
    )
    .addOption(new Option("--format <format>", "how predictions are written").choices(outputFormats).default("jsonl"))
    .option(
      "--include <glob>",
      "only keys that match; may be repeated (default: .jpg .jpeg .png .webp .gif .avif .tif .tiff)",
      collect(text),
    )
    .option("--exclude <glob>", "skip keys that match; may be repeated", collect(text))
    .option("--fail-on-unreadable", "stop at the first folder, file or name of the input that cannot be read")
    .option("--limit <n>", "only the first n images", positiveInt)
    .option("--sample <n>", "only n images, chosen at random", positiveInt)
    .option("--seed <n>", "seed of --sample", nonNegativeInt, 0)
    .option("--since <run>", "reuse an earlier run's records for unchanged objects")
    .addOption(
      new Option("--max-failed <n>", "failed images to accept, as a count or a percentage; more end in exit code 3")
        .argParser(maxFailed)
        .default(defaultMaxFailed, "10%"),
    )
    .option("--max-pixels <n>", "images with more pixels become failed records", positiveInt, limits.maxPixels)
    .option("--max-bytes <n>", "larger objects become failed records", positiveInt, limits.maxObjectBytes)
    .option(
      "--decode-timeout <ms>",
      "time limit for decoding one image, in milliseconds",
      positiveInt,
      limits.decodeTimeoutMs,
    )
    .option("--dashboard", "serve the web page while the command runs")
    .option("--dashboard-port <n>", "the same, at this port (default: 8080, or a free one)", portNumber);
}

export interface MetricsFlags {
  metricsPort?: number;
}

/** For the commands that may run for long. */
export function addMetricsFlags(command: Command): Command {
  return command.option(
    "--metrics-port <n>",
    "serve /metrics, /healthz and /readyz at this port (default: off)",
    portNumber,
  );
}

/** The flags of every command that goes on with a run. */
export function addContinueFlags(command: Command): Command {
  return command
    .option("--lane <name>", "queue lane (default: the run's)", laneName)
    .option("--max-failed <n>", "a count, or a percentage (default: the run's)", maxFailed)
    .option("--max-pixels <n>", "images with more pixels become failed records (default: the run's)", positiveInt)
    .option("--max-bytes <n>", "larger objects become failed records (default: the run's)", positiveInt)
    .option(
      "--decode-timeout <ms>",
      "time limit for decoding one image, in milliseconds (default: the run's)",
      positiveInt,
    )
    .option("--workers <n>", "local workers (default: 1 when REDIS_URL is unset, else 0)", nonNegativeInt)
    .addOption(new Option("--device <device>", "of the local workers (default: the run's)").choices(deviceChoices));
}

export function laneOption(): Option {
  return new Option("--lane <name>", "queue lane").argParser(laneName).default(defaultLane);
}

export function precisionOption(): Option {
  return new Option(
    "--precision <precision>",
    "precision of weights and arithmetic (default: int8 if quantised, else fp32)",
  ).choices(precisions);
}

export function deviceOption(): Option {
  return new Option("--device <device>", "where inference runs").choices(deviceChoices).default("auto");
}

/** How a worker computes, where it is not to find that out. */
export interface InferFlags {
  maxBatchSize?: number;
  maxWaitMs?: number;
  deviceMemory?: number;
  inferThreads?: number;
  decodeSlots?: number;
  loaderThreads?: number;
  fetches?: number;
}

const maxBatchImages = 4096;

export function addInferFlags(command: Command): Command {
  return command
    .option("--max-batch-size <n>", "Inference batch size (default: measured on the device)", intUpTo(maxBatchImages))
    .option(
      "--max-wait-ms <ms>",
      "maximum wait for a fuller inference batch (default: 0 on a CPU, else 20)",
      nonNegativeInt,
    )
    .option("--device-memory <mib>", "MiB of device memory for a worker's models (default: auto-detected)", positiveInt)
    .option("--infer-threads <n>", "inference threads of a worker (default: one per core)", positiveInt)
    .option(
      "--decode-slots <n>",
      "images that a worker decodes at once (default: from the number of cores)",
      positiveInt,
    )
    .option("--loader-threads <n>", "threads that fetch and decode (default: from the decode slots)", positiveInt)
    .option("--fetches <n>", "concurrent GETs of a worker (default: from the decode slots)", positiveInt);
}

/** The same as environment variables, for workers that are other processes. */
export function inferEnvironment(flags: InferFlags): Record<string, string> {
  const given = {
    LABELFLEET_MAX_BATCH_SIZE: flags.maxBatchSize,
    LABELFLEET_MAX_WAIT_MS: flags.maxWaitMs,
    LABELFLEET_DEVICE_MEMORY_MIB: flags.deviceMemory,
    LABELFLEET_INFER_THREADS: flags.inferThreads,
    LABELFLEET_DECODE_SLOTS: flags.decodeSlots,
    LABELFLEET_LOADER_THREADS: flags.loaderThreads,
    LABELFLEET_FETCHES: flags.fetches,
  };
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
