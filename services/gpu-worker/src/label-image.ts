import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { ImageLimits } from "@labelfleet/shared/contract/run-spec";
import { type LabelfleetError, recordErrorOf } from "@labelfleet/shared/errors";
import { HandBack } from "@labelfleet/shared/queue/batch-consumer";
import { isComparable } from "@labelfleet/shared/storage/etag";
import type { Batcher } from "./batch/batcher.js";
import type { ImageBudget } from "./batch/image-budget.js";
import { troubleOf } from "./consume/input-gate.js";
import type { RunModel } from "./consume/model-loader.js";
import type { RunContext } from "./consume/run-context.js";
import type { LoaderPool } from "./fetch/loader-pool.js";
import { failedRecord, type ImageSize, okRecord, type RecordContext } from "./write/records.js";

/** The stages that an image passes on its own. */
export interface ImageStages {
  budget: ImageBudget;
  loaders: LoaderPool;
  batcher: Batcher;
  /** What reading one object may take in all its attempts, and 4 s more for each MiB. */
  maxReadMs: number;
}

export interface ImageTask {
  run: RunContext;
  /** Where the job's kept records lie. */
  recordsKey: string;
  entry: ManifestEntry;
  /** The models whose shard is to be made. */
  models: RunModel[];
  limits: ImageLimits;
  workerId: string;
  pass: number;
  /** Whether its batch may hold an image that kills decoders. */
  isolated: boolean;
  /** One aborts when the worker begins nothing new, or the batch's lock is lost. */
  stops: readonly AbortSignal[];
  /** Throws when the batch is given up, so that no further image is begun. */
  checkpoint: () => void;
  /** Called when the image's records are there. */
  onLabelled: () => void;
}

/**
 * One image, once for all models: fetch, decode and resize for each, infer. A bad image is a record, never an error, also where it
 * meets a fault of our own (IMAGE_UNPROCESSABLE).
 * Returns one record per model, in the models' order.
 *
 * @throws what concerns the whole batch: refused credentials, a missing bucket, a thread that died
 */
export async function labelImage(stages: ImageStages, task: ImageTask): Promise<Prediction[]> {
  const { run, recordsKey, models } = task;
  const kept = models.map(({ ref }) => run.records.find(recordsKey, task.entry.key, ref.id));
  const entry = pinned(task.entry, kept.find((record) => record?.status === "ok")?.etag);
  const todo = models.filter((_, i) => kept[i] === undefined);
  const job = { entry, modelIds: todo.map(({ ref }) => ref.id), pass: task.pass };
  const label = () => labelWith(stages, withEntry(task, entry), todo);
  // Whatever one image does, its end is a record: a batch that failed for it would fail each time, and the run never be complete.
  const failures = (error: unknown) => todo.map((model) => failure(task, model, null, error));
  const made = todo.length === 0 ? [] : await (run.equal?.label(job, label) ?? label()).catch(failures);
  if (made.length > 0) run.stats.imageDone();
  task.onLabelled();
  const records = new Map([...kept, ...made].flatMap((record) => (record ? [[record.modelId, record]] : [])));
  return models.map(({ ref }) => records.get(ref.id)!);
}

/** An object that is refused is read again once the store is known to serve others: it may have been the store then. */
const readsToBelieve = 2;

async function labelWith(stages: ImageStages, task: ImageTask, models: RunModel[]): Promise<Prediction[]> {
  const { run } = task;
  for (let refusals = 0; ; ) {
    const since = await run.input.pass(task.stops);
    // Waiting for a store may end by the end of the worker, whose batches are then others' to do.
    if (!run.input.isOpen) {
      task.checkpoint();
      throw new HandBack("the worker is stopping");
    }
    const result = await readAndInfer(stages, task, models);
    if (Array.isArray(result)) return result;
    const { error, fetchMs, read } = result;
    if (await run.input.isOutage(error, since)) continue;
    run.records.addRead(task.recordsKey, task.entry.key, fetchMs);
    if (troubleOf(error) === "refusal" && ++refusals < readsToBelieve) continue;
    return models.map((model) => failure(read, model, null, error));
  }
}

/** Where the listing has no ETag that can be compared, the first read tells which object is meant: others must be of that one. */
function pinned(entry: ManifestEntry, etag: string | undefined): ManifestEntry {
  return etag === undefined || isComparable(entry.etag) ? entry : { ...entry, etag };
}

function withEntry(task: ImageTask, entry: ManifestEntry): ImageTask {
  return entry === task.entry ? task : { ...task, entry };
}

interface ReadFailure {
  error: LabelfleetError;
  fetchMs: number;
  /** The task, with the entry as it was read. */
  read: ImageTask;
}

/** The records, or why the image could not be read. */
async function readAndInfer(
  stages: ImageStages,
  task: ImageTask,
  models: RunModel[],
): Promise<Prediction[] | ReadFailure> {
  const { run, entry } = task;
  const pixelBytes = models.reduce((sum, { preprocess }) => sum + 3 * preprocess.inputPx ** 2, 0);
  const bytes = entry.sizeBytes + pixelBytes;
  await stages.budget.enter(run.spec.runId, bytes);
  try {
    task.checkpoint();
    const outcome = await stages.loaders.load({
      runId: run.spec.runId,
      input: run.spec.frozen.input,
      key: entry.key,
      etag: entry.etag,
      listed: { sizeBytes: entry.sizeBytes, lastModifiedMs: entry.lastModifiedMs },
      specs: models.map(({ preprocess }) => preprocess),
      limits: task.limits,
      background: run.spec.frozen.background,
      maxReadMs: Math.max(1, stages.maxReadMs - run.records.readMs(task.recordsKey, entry.key)),
      isolated: task.isolated,
    });
    run.stats.stage("fetch", outcome.cost.fetchMs);
    run.stats.bytesRead(outcome.cost.bytesRead);
    if (outcome.cost.decodeMs > 0) run.stats.stage("decode", outcome.cost.decodeMs);
    const read = withEntry(task, pinned(entry, outcome.cost.etag));
    if (!outcome.ok) return { error: outcome.error, fetchMs: outcome.cost.fetchMs, read };
    run.input.readOk();
    run.control.lastGoodKey = entry.key;
    const { image } = outcome;
    return await Promise.all(models.map((model, i) => inferOne(stages, read, model, image.pixels[i]!, image)));
  } finally {
    stages.budget.leave(run.spec.runId, bytes);
  }
}

async function inferOne(
  stages: ImageStages,
  task: ImageTask,
  model: RunModel,
  pixels: ArrayBuffer,
  size: ImageSize,
): Promise<Prediction> {
  try {
    const inferred = await stages.batcher.infer(model.modelKey, pixels, task.run.spec.frozen.topK);
    stages.loaders.recycle([inferred.pixels]);
    task.run.stats.inferred(inferred.busyMs, inferred.batchShare);
    return okRecord(task.entry, size, inferred.ranked, inferred.embedding, recordContext(task, model));
  } catch (error) {
    return failure(task, model, size, error);
  }
}

function failure(task: ImageTask, model: RunModel, size: ImageSize | null, thrown: unknown): Prediction {
  // A batch that its worker gives back is no failure of the image.
  const error = thrown instanceof HandBack ? null : recordErrorOf(thrown);
  if (error === null) throw thrown;
  return failedRecord(task.entry, size, error, recordContext(task, model));
}

function recordContext({ run, workerId, pass }: ImageTask, { ref, model }: RunModel): RecordContext {
  // Where classes exclude each other, the most probable one is an answer, however improbable.
  const threshold = model.card.activation === "sigmoid" ? run.spec.frozen.threshold : null;
  return { modelId: ref.id, labels: model.labels, workerId, pass, threshold };
}
