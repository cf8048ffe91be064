import type { PrepareOptions } from "@labelfleet/producer/start/prepare-run";
import { probeGraph } from "@labelfleet/runtime/graph-probe";
import { cacheDirOf } from "./cache-dir.js";
import type { CommandContext } from "./command-context.js";
import { resolveModels } from "./resolve-models.js";
import { defaultModel, type RunFlags } from "./run-flags.js";

/** The flags as the producer takes them; the models are resolved. @throws MODEL_UNKNOWN, MODEL_INVALID, and what pulling a model throws */
export async function prepareOptionsOf(
  context: CommandContext,
  input: string,
  flags: RunFlags,
  workersExpected: number,
): Promise<Omit<PrepareOptions, "signal">> {
  const models = await resolveModels(context, flags.model ?? [defaultModel]);
  return {
    input,
    output: flags.out,
    filters: {
      include: flags.include ?? [],
      exclude: flags.exclude ?? [],
      ...(flags.failOnUnreadable ? { failOnUnreadable: true } : {}),
      limit: flags.limit ?? null,
      sample: flags.sample === undefined ? null : { size: flags.sample, seed: flags.seed },
    },
    models,
    cacheDir: cacheDirOf(context),
    probe: probeGraph,
    since: flags.since ?? null,
    topK: flags.topK,
    precision: flags.precision ?? null,
    threshold: flags.threshold ?? null,
    embeddings: flags.embeddings ?? false,
    background: flags.background ?? null,
    mergeEqualObjects: flags.mergeEqualObjects ?? false,
    format: flags.format,
    device: flags.device,
    batchImages: flags.batchImages ?? null,
    listingRanges: flags.listingRanges,
    lane: flags.lane,
    maxFailed: flags.maxFailed,
    limits: {
      maxPixels: flags.maxPixels,
      maxObjectBytes: flags.maxBytes,
      decodeTimeoutMs: flags.decodeTimeout,
    },
    workersExpected,
  };
}
