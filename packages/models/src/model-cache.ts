import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { canonicalJson } from "./canonical-json.js";
import { builderVersion, buildGraph, type GraphOptions } from "./efficientnet/graph.js";
import { type Model, readWeights } from "./model-folder.js";
import { Safetensors } from "./weights/safetensors.js";

/** How many built graphs (20 to 270 MB each) stay; the ones not used for longest go first. */
const maxCachedGraphs = 24;
/** A temporary file this old belongs to a process that was killed while it wrote. */
const abandonedAfterMs = 3_600_000;

export interface EnsureOnnxOptions {
  /** Where built graphs lie; `defaultCacheDir()` unless given. */
  readonly cacheDir?: string;
  /** "probabilities" unless given. */
  readonly output?: GraphOptions["output"];
}

/** $XDG_CACHE_HOME/labelfleet, or ~/.cache/labelfleet. */
export function defaultCacheDir(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "labelfleet");
}

/**
 * The path of the model's ONNX file: a graph built before, or one built now. A file is named
 * `<hash of what it was built from>-<hash of its bytes>.onnx`, so one that was cut short or altered is seen, removed and
 * built again; it is renamed into place whole, so any number of processes may do this at once.
 *
 * @throws LabelfleetError MODEL_INVALID when the weights are not the card's, or do not fit the architecture
 */
export async function ensureOnnx(model: Model, options: EnsureOnnxOptions = {}): Promise<string> {
  const cacheDir = options.cacheDir ?? defaultCacheDir();
  const output = options.output ?? "probabilities";
  const key = sha256(canonicalJson({ model: model.sha256, builderVersion, output }));
  await mkdir(cacheDir, { recursive: true });
  const cached = await findIntact(cacheDir, key);
  if (cached !== undefined) return cached;
  const bytes = await build(model, output);
  const path = join(cacheDir, `${key}-${sha256(bytes)}.onnx`);
  await writeWhole(path, bytes);
  await prune(cacheDir);
  return path;
}

async function build({ card, folder, ...model }: Model, output: GraphOptions["output"]): Promise<Uint8Array> {
  const { architecture, inputPx, mean, std, numClasses, activation } = card;
  if (architecture === undefined) {
    throw new LabelfleetError("MODEL_INVALID", `${join(folder, "model.json")}: architecture is missing`);
  }
  const weights = new Safetensors(await readWeights({ card, folder, ...model }), join(folder, card.weights.file));
  return buildGraph({ architecture, inputPx, mean, std, numClasses, activation, weights, output });
}

async function findIntact(cacheDir: string, key: string): Promise<string | undefined> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(`${key}-`) || !name.endsWith(".onnx")) continue;
    const path = join(cacheDir, name);
    // Another process may have pruned it since the listing.
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes && name === `${key}-${sha256(bytes)}.onnx`) {
      const now = new Date();
      await utimes(path, now, now).catch(() => undefined);
      return path;
    }
    await rm(path, { force: true });
  }
  return undefined;
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Keeps the cache within its bound, and clears what killed processes left. */
async function prune(cacheDir: string): Promise<void> {
  const files = await Promise.all((await readdir(cacheDir)).map((name) => lastUse(join(cacheDir, name))));
  files.sort((left, right) => right.usedMs - left.usedMs);
  const graphs = files.filter(({ path }) => path.endsWith(".onnx"));
  const abandoned = files.filter(({ path, usedMs }) => path.endsWith(".tmp") && usedMs < Date.now() - abandonedAfterMs);
  const unwanted = [...graphs.slice(maxCachedGraphs), ...abandoned];
  await Promise.all(unwanted.map(({ path }) => rm(path, { force: true })));
}

async function lastUse(path: string): Promise<{ path: string; usedMs: number }> {
  // A file that another process removed since the listing counts as just used: there is nothing left to remove.
  const stats = await stat(path).catch(() => undefined);
  return { path, usedMs: stats?.mtimeMs ?? Date.now() };
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
