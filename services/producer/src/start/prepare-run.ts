import type { GraphForm } from "@labelfleet/models/build-onnx";
import { ensureOnnx, type GraphProbe } from "@labelfleet/models/model-cache";
import type { Model } from "@labelfleet/models/model-folder";
import { precisionFor } from "@labelfleet/models/precision";
import { newRunId } from "@labelfleet/shared/contract/ids";
import { chunkEntriesOf, type Ranges } from "@labelfleet/shared/contract/manifest";
import { runNames } from "@labelfleet/shared/contract/run-names";
import type { DeviceChoice, MaxFailed, OutputFormat, Precision, RunSpec } from "@labelfleet/shared/contract/run-spec";
import { hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import { Releasers } from "@labelfleet/shared/releasers";
import { RunFolder } from "@labelfleet/shared/run/run-folder";
import { probeConditionalPut } from "@labelfleet/shared/storage/conditional-probe";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { formatUri, isInside, parseUri } from "@labelfleet/shared/storage/uri";
import { findRanges, rangesBetween } from "../list/find-ranges.js";
import { type Filters, type Input, maxImagesOf, type Range } from "../list/input-entries.js";
import { keyFilterOf } from "../list/key-filter.js";
import type { DeviceClass } from "../partition/batch-size.js";
import { RangeWriter } from "../partition/range-writer.js";
import { checkNotEmpty, checkReadable } from "./check-input.js";
import { checkSince } from "./check-since.js";
import { frozenSpecOf } from "./frozen-spec.js";
import { type Peek, peekInput } from "./peek.js";
import { mostBatchImages } from "./record-bytes.js";
import { uploadModels } from "./upload-models.js";

export interface PrepareOptions {
  input: string;
  output: string;
  filters: Filters;
  /** Resolved by the registry of packages/models. */
  models: Model[];
  /** Where built graphs are kept; the models are built there before anything is fed. Not built where it is absent. */
  cacheDir?: string;
  /** Runs a graph of the user's own before it is used. */
  probe?: GraphProbe;
  /** The run whose records are carried over where an object has not changed; null for none. */
  since: string | null;
  topK: number;
  /** null: each model's own. */
  precision: Precision | null;
  /** Of sigmoid heads: the least probability that `top` keeps; null for no such bound. */
  threshold: number | null;
  embeddings: boolean;
  /** `#rrggbb` for transparent pixels; null: their own colours. */
  background: string | null;
  /** Whether objects of equal ETag and size share labels; no unless told. */
  mergeEqualObjects?: boolean;
  format: OutputFormat;
  device: DeviceChoice;
  /** What "auto" is expected to become on the workers; the CPU unless told. */
  expectedDevice?: DeviceClass;
  /** null to have it estimated. */
  batchImages: number | null;
  /** Key ranges that a long listing is cut into, at most. */
  listingRanges: number;
  lane: string;
  maxFailed: MaxFailed;
  limits: RunSpec["overridable"]["limits"];
  /** How many workers will share the run, at least. */
  workersExpected: number;
  signal?: AbortSignal | undefined;
}

export interface PreparedRun {
  folder: RunFolder;
  spec: RunSpec;
  /** One line each, for people. */
  warnings: string[];
}

/**
 * Checks everything that can be wrong at the start, in the order in which people would want to know, and then makes the
 * run's folder: run.json, ranges.json, the models and the first chunk. Nothing is fed. The caller closes the folder.
 *
 * @throws USAGE, RUN_NOT_FOUND, OUTPUT_INSIDE_INPUT, BUCKET_NOT_FOUND, CREDENTIALS_REFUSED, ACCESS_DENIED, INPUT_EMPTY, OUTPUT_UNWRITABLE,
 *   MODEL_INVALID, and the weather of the stores
 */
export async function prepareRun(options: PrepareOptions): Promise<PreparedRun> {
  const { filters, models, signal } = options;
  const [inputUri, outputUri] = [parseUri(options.input), parseUri(options.output)];
  if (outputUri.kind === "s3" && outputUri.prefix !== "" && !outputUri.prefix.endsWith("/")) {
    throw new LabelfleetError("USAGE", `--out ${options.output} ends in *: give a folder, such as s3://bucket/labels`);
  }
  if (isInside(outputUri, inputUri)) {
    throw new LabelfleetError(
      "OUTPUT_INSIDE_INPUT",
      `--out ${options.output} lies inside the input ${options.input}: choose a folder beside it`,
    );
  }
  checkModels(options);
  const mostImages = await mostBatchImages(options, options.batchImages);
  const graphWarnings = await buildGraphs(options);
  const [inputAddress, outputAddress] = [formatUri(inputUri), formatUri(outputUri)];
  const since = options.since === null ? null : await checkSince(options.since, { ...options, input: inputAddress });
  const releasers = new Releasers();
  try {
    const input = await openStore(inputAddress);
    releasers.push("input store", () => input.store.close());
    keyFilterOf({ prefix: input.prefix, ...filters });
    const peek = await peekInput({ input, filters, signal }).catch((error: unknown) => {
      const isMissingFolder = inputUri.kind === "file" && hasCode(error, "BUCKET_NOT_FOUND");
      throw isMissingFolder ? new LabelfleetError("BUCKET_NOT_FOUND", `input ${(error as Error).message}`) : error;
    });
    checkNotEmpty(options.input, peek.entries, peek.skipped);
    await checkReadable(input, peek.entries);
    const ranges = await rangesFor(input, peek, options);

    const output = await openStore(outputAddress);
    releasers.push("output store", () => output.store.close());
    const conditionalPut = await probeConditionalPut(output.store, output.prefix);
    await uploadModels(output.store, output.prefix, models);

    const now = new Date();
    const spec: RunSpec = {
      schemaVersion: 1,
      runId: newRunId(now),
      frozen: frozenSpecOf({
        ...options,
        input: inputAddress,
        output: outputAddress,
        since,
        conditionalPut,
        peek,
        mostImages,
        now,
      }),
      overridable: { lane: options.lane, maxFailed: options.maxFailed, limits: options.limits },
    };
    const folder = await RunFolder.open(`${outputAddress.replace(/\/$/, "")}/${spec.runId}/`);
    try {
      await folder.writeJsonFirst(runNames.spec, spec);
      await folder.writeJsonFirst(runNames.ranges, { schemaVersion: 1, ranges } satisfies Ranges);
      const writer = new RangeWriter({
        folder,
        rangeId: ranges[0]!.id,
        chunkEntries: chunkEntriesOf(spec.frozen.batchImages),
        maxImages: maxImagesOf(filters),
      });
      for (const entry of peek.entries) await writer.add(entry);
      if (peek.isAll) await writer.finish(peek.skipped);
    } catch (error) {
      await folder.close();
      throw error;
    }
    const warnings = [...graphWarnings, ...(conditionalPut ? [] : [weakPromise(options.output)])];
    return { folder, spec, warnings };
  } finally {
    await releasers.releaseAll();
  }
}

/** One range for what is listed already, for stores that list in one walk, and for what is counted over the whole listing. */
async function rangesFor(
  { store, prefix }: Input,
  peek: Peek,
  { filters, listingRanges, signal }: PrepareOptions,
): Promise<Range[]> {
  if (peek.isAll || listingRanges === 1 || maxImagesOf(filters) !== Number.POSITIVE_INFINITY) return rangesBetween([]);
  const page = store.page?.bind(store);
  if (page === undefined) return rangesBetween([]);
  return findRanges({ page, prefix, most: listingRanges, afterKey: peek.entries.at(-1)!.key, signal });
}

function weakPromise(output: string): string {
  return `${output} does not honour conditional writes: two workers on one batch may both write its shard (see docs/output.md)`;
}

/** Weights that do not fit their architecture are told now, not by the workers one batch after another. */
async function buildGraphs({ models, cacheDir, probe, embeddings, precision }: PrepareOptions): Promise<string[]> {
  const warnings: string[] = [];
  if (cacheDir === undefined) return warnings;
  const warn = (line: string) => warnings.push(line);
  const outputs: GraphForm["outputs"] = embeddings ? ["probabilities", "embedding"] : ["probabilities"];
  for (const model of models) {
    const form = { cacheDir, outputs, precision: precisionFor(model.card, precision) };
    await ensureOnnx(model, { ...form, warn, ...(probe && { probe }) });
  }
  return warnings;
}

function checkModels({ models, precision, threshold, embeddings }: PrepareOptions): void {
  const ids = models.map((model) => model.card.id);
  if (ids.length === 0) throw new LabelfleetError("USAGE", "no --model was given: name at least one");
  const doubled = ids.find((id, i) => ids.indexOf(id) !== i);
  if (doubled !== undefined) throw new LabelfleetError("USAGE", `--model ${doubled} is given twice`);
  for (const { card } of models) precisionFor(card, precision);
  const without = models.find(({ card }) => card.architecture === undefined && card.output?.embedding === undefined);
  if (without && embeddings) {
    throw new LabelfleetError("USAGE", `--embeddings: the card of ${without.card.id} names no output.embedding`);
  }
  if (threshold !== null && models.every((model) => model.card.activation === "softmax")) {
    throw new LabelfleetError(
      "USAGE",
      "--threshold needs a multi-label model (activation sigmoid), and none of these is one",
    );
  }
}
