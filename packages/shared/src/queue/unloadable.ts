import { hasCode, LabelfleetError } from "../errors.js";

/** What the queue keeps of a failure is its message, so the code is told at its end. */
const mark = " [MODEL_INVALID]";

/** The error as the producer recognises it, when it is that a model cannot be loaded; others as they are. */
export function markUnloadable(error: unknown): unknown {
  if (!(error instanceof LabelfleetError) || !hasCode(error, "MODEL_INVALID")) return error;
  return new LabelfleetError("MODEL_INVALID", `${error.message}${mark}`, { cause: error });
}

export function isUnloadable(reason: string): boolean {
  return reason.endsWith(mark);
}

/**
 * The error that ends feeding: a batch failed for good because no worker that tried it could load its model, and no batch was
 * done by any. null while there is none.
 */
export function unloadableIn(reasons: readonly string[], batchesDone: number): LabelfleetError | null {
  const reason = reasons.find(isUnloadable);
  if (reason === undefined || batchesDone > 0) return null;
  return new LabelfleetError("MODEL_INVALID", `no worker can load the model: ${reason.slice(0, -mark.length)}`);
}
