import { z } from "zod";
import { LabelfleetError, toLabelfleetError } from "./errors.js";
import { type LogFormat, logFormats } from "./log-format.js";
import { type SimulatedDevice, simulatedDeviceText } from "./simulated-device.js";
import { parseUri } from "./storage/uri.js";

const count = (minimum: number) => z.coerce.number().int().min(minimum);

const address = z.string().superRefine((text, context) => {
  try {
    parseUri(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: toLabelfleetError(error).message });
  }
});

/** Every environment variable that labelfleet itself reads; the AWS_ ones are read where the S3 client is made. */
const environmentSchema = z.object({
  /** Where the queue lives. `run` starts a private redis-server when it is unset. */
  REDIS_URL: z.string().min(1).optional(),
  /** trace, debug, info, warn, error or silent. */
  LABELFLEET_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
  /** text or json; default: text, but json for `work` and `dashboard` without a terminal. */
  LABELFLEET_LOG_FORMAT: z.enum(logFormats).optional(),
  /** Built graphs and downloaded model folders; default $XDG_CACHE_HOME/labelfleet or ~/.cache/labelfleet. */
  LABELFLEET_CACHE_DIR: z.string().min(1).optional(),
  /** Cores that a worker may use; default: all that the container may use. */
  LABELFLEET_CORES: count(1).optional(),
  /** How a worker divides its cores, where that is not to follow from their number. */
  LABELFLEET_INFER_THREADS: count(1).optional(),
  LABELFLEET_DECODE_SLOTS: count(1).optional(),
  LABELFLEET_LOADER_THREADS: count(1).optional(),
  LABELFLEET_FETCHES: count(1).optional(),
  /** Seconds a worker may take to finish its batches after SIGTERM. */
  LABELFLEET_GRACE_SECONDS: count(0).default(25),
  /** Seconds that the inference of one batch may take before its thread counts as dead. */
  LABELFLEET_INFER_TIMEOUT_SECONDS: count(1).default(120),
  /** Seconds that batches wait for an input that cannot be read at all, before their images fail. */
  LABELFLEET_MAX_PAUSE_SECONDS: count(0).default(3_600),
  /** Seconds that reading one object may take in all its attempts, and 4 s more for each MiB. */
  LABELFLEET_MAX_READ_SECONDS: count(1).default(300),
  /** Seconds that a worker looks for a Redis it has lost, before it ends. */
  LABELFLEET_REDIS_WAIT_SECONDS: count(1).default(3_600),
  /** Images of one inference call; default: searched for on the device. */
  LABELFLEET_MAX_BATCH_SIZE: count(1).optional(),
  /** Milliseconds that an image waits for others; default: by the device. */
  LABELFLEET_MAX_WAIT_MS: count(0).optional(),
  /** MiB of the device that a worker's models may use; default: found out. */
  LABELFLEET_DEVICE_MEMORY_MIB: count(1).optional(),
  /** MiB of images between fetch and inference in one worker, encoded and decoded together. */
  LABELFLEET_IN_FLIGHT_MIB: count(1).default(512),
  /** Input and output of the run that a worker will be asked for: it loads what reads them before there is a batch. */
  LABELFLEET_FIRST_INPUT: address.optional(),
  LABELFLEET_FIRST_OUTPUT: address.optional(),
  /** Where models are pulled from. */
  HF_ENDPOINT: z.url({ protocol: /^https?$/ }).default("https://huggingface.co"),
  /** Sent to HF_ENDPOINT only. */
  HF_TOKEN: z.string().min(1).optional(),
  /** Workers compute on a device that only takes its time: launchMs=2,imageMs=0.5,memoryImages=64. */
  LABELFLEET_SIMULATED_DEVICE: simulatedDeviceText.optional(),
  /** What the dashboard asks for when it listens on more than 127.0.0.1. */
  LABELFLEET_DASHBOARD_TOKEN: z.string().min(16, "the token needs at least 16 characters").optional(),
  /** Where workers and producers serve /metrics, /healthz and /readyz; default: nowhere. */
  LABELFLEET_METRICS_PORT: count(0).max(65_535).optional(),
  LABELFLEET_METRICS_HOST: z.string().min(1).default("127.0.0.1"),
  /** Where traces of the queue are sent; the SDK reads these itself, with the other OTEL_ variables. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
});

export interface Config {
  redisUrl: string | null;
  logLevel: string;
  /** null: by the command and the terminal. */
  logFormat: LogFormat | null;
  cacheDir: string | null;
  cores: number | null;
  threadPins: {
    inferThreads: number | null;
    decodeSlots: number | null;
    loaderThreads: number | null;
    fetches: number | null;
  };
  graceMs: number;
  inferTimeoutMs: number;
  maxPauseMs: number;
  maxReadMs: number;
  maxRedisAwayMs: number;
  maxBatchSize: number | null;
  maxWaitMs: number | null;
  deviceMemoryMib: number | null;
  maxBytesInFlight: number;
  firstInput: string | null;
  firstOutput: string | null;
  hub: { endpoint: string; token: string | null };
  simulatedDevice: SimulatedDevice | null;
  dashboardToken: string | null;
  metrics: { host: string; port: number | null };
  /** Null: nothing is traced. */
  tracesEndpoint: string | null;
}

/** @throws USAGE naming the first variable that is wrong. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  // An empty variable, as files of variables leave them, is one that is not set.
  const names = Object.keys(environmentSchema.shape);
  const given = Object.fromEntries(names.map((name) => [name, env[name] === "" ? undefined : env[name]]));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new LabelfleetError("USAGE", `the environment variable ${issue?.path.join(".")} is wrong: ${issue?.message}`);
  }
  const values = parsed.data;
  return {
    redisUrl: values.REDIS_URL ?? null,
    logLevel: values.LABELFLEET_LOG_LEVEL,
    logFormat: values.LABELFLEET_LOG_FORMAT ?? null,
    cacheDir: values.LABELFLEET_CACHE_DIR ?? null,
    cores: values.LABELFLEET_CORES ?? null,
    threadPins: {
      inferThreads: values.LABELFLEET_INFER_THREADS ?? null,
      decodeSlots: values.LABELFLEET_DECODE_SLOTS ?? null,
      loaderThreads: values.LABELFLEET_LOADER_THREADS ?? null,
      fetches: values.LABELFLEET_FETCHES ?? null,
    },
    graceMs: values.LABELFLEET_GRACE_SECONDS * 1000,
    inferTimeoutMs: values.LABELFLEET_INFER_TIMEOUT_SECONDS * 1000,
    maxPauseMs: values.LABELFLEET_MAX_PAUSE_SECONDS * 1000,
    maxReadMs: values.LABELFLEET_MAX_READ_SECONDS * 1000,
    maxRedisAwayMs: values.LABELFLEET_REDIS_WAIT_SECONDS * 1000,
    maxBatchSize: values.LABELFLEET_MAX_BATCH_SIZE ?? null,
    maxWaitMs: values.LABELFLEET_MAX_WAIT_MS ?? null,
    deviceMemoryMib: values.LABELFLEET_DEVICE_MEMORY_MIB ?? null,
    maxBytesInFlight: values.LABELFLEET_IN_FLIGHT_MIB * 1024 * 1024,
    firstInput: values.LABELFLEET_FIRST_INPUT ?? null,
    firstOutput: values.LABELFLEET_FIRST_OUTPUT ?? null,
    hub: { endpoint: values.HF_ENDPOINT, token: values.HF_TOKEN ?? null },
    simulatedDevice: values.LABELFLEET_SIMULATED_DEVICE ?? null,
    dashboardToken: values.LABELFLEET_DASHBOARD_TOKEN ?? null,
    metrics: { host: values.LABELFLEET_METRICS_HOST, port: values.LABELFLEET_METRICS_PORT ?? null },
    tracesEndpoint: values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? values.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
  };
}
