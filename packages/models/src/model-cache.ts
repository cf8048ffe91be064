import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { inCache } from "@labelfleet/shared/storage/scratch-errors";
import type { GraphForm, OwnGraphChecks } from "./build-onnx.js";
import { canonicalJson } from "./canonical-json.js";
import { builderVersion } from "./efficientnet/builder-version.js";
import type { Model } from "./model-folder.js";

/** How many built graphs (20 to 270 MB each) stay; the ones not used for longest go first. */
const maxCachedGraphs = 24;
/** A temporary file this old belongs to a process that was killed while it wrote. */
const abandonedAfterMs = 3_600_000;

export interface EnsureOnnxOptions extends Partial<GraphForm> {
  /** Where built graphs lie; `defaultCacheDir()` unless given. */
  readonly cacheDir?: string;
  /** Runs a graph of the user's own before it is used. */
  readonly probe?: GraphProbe;
  readonly warn?: (line: string) => void;
  /** Looks at a graph of the user's own again, though it lies in the cache. */
  readonly again?: boolean;
}

/**
 * Runs an unknown graph on a few images, apart from this process and within limits, and gives a row of scores for each; null
 * where the CPU cannot run it.
 * Throws MODEL_INVALID, naming `source`, where it cannot be run.
 */
export type GraphProbe = (graph: {
  readonly modelPath: string;
  readonly source: string;
}) => Promise<readonly Float32Array[] | null>;

/** $XDG_CACHE_HOME/labelfleet, or ~/.cache/labelfleet. Throws the system's error for a user without a home. */
export function defaultCacheDir(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "labelfleet");
}

/**
 * The path of the model's ONNX file: a graph built before, or one built now. A file is named
 * `<hash of what it was built from>-<hash of its bytes>.onnx`, so one that was cut short or altered is seen, removed and
 * built again; it is renamed into place whole, so any number of processes may do this at once.
 *
 * @throws LabelfleetError MODEL_INVALID as `buildOnnx` does; SCRATCH_UNWRITABLE
 */
export async function ensureOnnx(model: Model, options: EnsureOnnxOptions = {}): Promise<string> {
  const { cacheDir = defaultCacheDir() } = options;
  return inCache(cacheDir, () => ensureIn(cacheDir, model, options));
}

async function ensureIn(cacheDir: string, model: Model, options: EnsureOnnxOptions): Promise<string> {
  const { outputs = ["probabilities"], precision = "fp32", probe, warn } = options;
  const isOwn = model.card.architecture === undefined;
  // What a probe finds decides what the graph becomes.
  const probed = isOwn && probe ? { probed: true } : {};
  const key = sha256([canonicalJson({ model: model.sha256, builderVersion, outputs, precision, ...probed })]);
  await mkdir(cacheDir, { recursive: true });
  const cached = isOwn && options.again ? undefined : await findIntact(cacheDir, key);
  if (cached !== undefined) return cached;
  // A worker that finds its graph built starts without the builder.
  const { buildOnnx } = await import("./build-onnx.js");
  const checks: OwnGraphChecks = {
    ...(warn && { warn }),
    ...(probe && { probe: (graph, source) => probeIn(cacheDir, probe, graph, source) }),
  };
  const pieces = await buildOnnx(model, { outputs, precision }, checks);
  const path = join(cacheDir, `${key}-${sha256(pieces)}.onnx`);
  await writeWhole(path, pieces);
  await prune(cacheDir);
  return path;
}

async function probeIn(cacheDir: string, probe: GraphProbe, graph: Uint8Array[], source: string) {
  const modelPath = join(cacheDir, `probe.${randomUUID()}.tmp`);
  try {
    await writeFile(modelPath, graph);
    return await probe({ modelPath, source });
  } finally {
    await rm(modelPath, { force: true });
  }
}

async function findIntact(cacheDir: string, key: string): Promise<string | undefined> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(`${key}-`) || !name.endsWith(".onnx")) continue;
    const path = join(cacheDir, name);
    // Another process may have pruned it since the listing.
    const actual = await sha256OfFile(path).catch(() => undefined);
    if (name === `${key}-${actual}.onnx`) {
      const now = new Date();
      await utimes(path, now, now).catch(() => undefined);
      return path;
    }
    await rm(path, { force: true });
  }
  return undefined;
}

async function writeWhole(path: string, pieces: Uint8Array[]): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, pieces);
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

function sha256(pieces: Iterable<string | Uint8Array>): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
