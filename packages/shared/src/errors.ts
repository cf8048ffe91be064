import { printable } from "./printable.js";
import { remedyOf } from "./redis/lasting-refusal.js";
import { isPassingRefusal, refusalMessage } from "./redis/passing-refusal.js";

/**
 * Every error code that a user can meet, in one table. docs/errors.md lists the same codes; a test compares the two.
 *
 * `retryable` is the decision, not a description: true means that the same call may succeed later.
 * `exitCode` is what the command line ends with when the error stops a command (1 failed or incomplete, 2 wrong usage).
 */
export const errorCatalog = {
  // What can be wrong with one image: these end in a record, never in an exit code.
  IMAGE_EMPTY: { retryable: false, exitCode: 1, meaning: "the object has zero bytes" },
  IMAGE_CORRUPT: { retryable: false, exitCode: 1, meaning: "the bytes are of a known format but cannot be decoded" },
  IMAGE_UNSUPPORTED: {
    retryable: false,
    exitCode: 1,
    meaning: "the bytes are not JPEG, PNG, WebP, GIF, AVIF or TIFF, or use a feature of theirs that is not read",
  },
  IMAGE_TOO_LARGE: {
    retryable: false,
    exitCode: 1,
    meaning: "the image has more pixels than the pixel limit, or its decoding needs more memory than there is",
  },
  IMAGE_UNPROCESSABLE: {
    retryable: false,
    exitCode: 1,
    meaning: "labelfleet itself failed at this image, in a way that no other code names",
  },
  DECODE_TIMEOUT: { retryable: false, exitCode: 1, meaning: "decoding took longer than its deadline" },
  DECODE_CRASHED: { retryable: false, exitCode: 1, meaning: "the decoder died of this image, twice" },
  INFERENCE_FAILED: { retryable: true, exitCode: 1, meaning: "the inference session refused the image's batch" },
  INFERENCE_OUT_OF_MEMORY: { retryable: true, exitCode: 1, meaning: "not even one image fits in the device's memory" },
  OBJECT_TOO_LARGE: { retryable: false, exitCode: 1, meaning: "the object has more bytes than the byte limit" },
  OBJECT_NOT_FOUND: { retryable: false, exitCode: 1, meaning: "the object was deleted after it was listed" },
  OBJECT_CHANGED: { retryable: false, exitCode: 1, meaning: "the object was replaced after it was listed" },
  OBJECT_DENIED: { retryable: false, exitCode: 1, meaning: "the object store denies reading this object" },
  OBJECT_TOO_SLOW: { retryable: true, exitCode: 1, meaning: "reading the object took longer than its bound in all" },
  OBJECT_ARCHIVED: { retryable: false, exitCode: 1, meaning: "the object lies in an archive storage class" },
  // Weather: retried with back-off where it happens, then by the job, then by `resume`.
  STORE_THROTTLED: { retryable: true, exitCode: 1, meaning: "the object store asks for fewer requests" },
  STORE_UNAVAILABLE: { retryable: true, exitCode: 1, meaning: "the object store is out of reach or answers 5xx" },
  STORE_TIMEOUT: { retryable: true, exitCode: 1, meaning: "the object store did not answer within the deadline" },
  STORE_UNSUPPORTED: { retryable: false, exitCode: 1, meaning: "the object store does not support a request we need" },
  REDIS_UNAVAILABLE: { retryable: true, exitCode: 1, meaning: "Redis is out of reach, full or read-only" },
  // What stops a command.
  USAGE: { retryable: false, exitCode: 2, meaning: "a flag, argument or environment variable is wrong" },
  OUTPUT_INSIDE_INPUT: { retryable: false, exitCode: 2, meaning: "the output lies inside the input" },
  MODEL_UNKNOWN: { retryable: false, exitCode: 2, meaning: "no model has this name" },
  MODEL_INVALID: { retryable: false, exitCode: 1, meaning: "the card, weights, labels or graph of a model are wrong" },
  HUB_UNAVAILABLE: { retryable: true, exitCode: 1, meaning: "the model hub is out of reach, or cut a download off" },
  INPUT_EMPTY: { retryable: false, exitCode: 1, meaning: "no image lies under the input" },
  BUCKET_NOT_FOUND: { retryable: false, exitCode: 1, meaning: "the bucket or folder does not exist" },
  CREDENTIALS_REFUSED: { retryable: false, exitCode: 1, meaning: "the object store refuses the credentials" },
  ACCESS_DENIED: { retryable: false, exitCode: 1, meaning: "the credentials are valid but not allowed to do this" },
  LISTING_FAULTY: {
    retryable: false,
    exitCode: 1,
    meaning: "the object store's listing repeats, goes back or has no end",
  },
  OUTPUT_UNWRITABLE: { retryable: false, exitCode: 1, meaning: "the output cannot be written" },
  PRECONDITION_FAILED: { retryable: false, exitCode: 1, meaning: "another writer was first" },
  KEY_REFUSED: { retryable: false, exitCode: 1, meaning: "the key would leave the store's root" },
  REDIS_UNSUITABLE: { retryable: false, exitCode: 1, meaning: "this Redis cannot be used as it is" },
  REDIS_SERVER_MISSING: { retryable: false, exitCode: 1, meaning: "redis-server is not installed" },
  SCRATCH_UNWRITABLE: {
    retryable: false,
    exitCode: 1,
    meaning: "the cache or a temporary folder of this machine cannot be written",
  },
  RUN_NOT_FOUND: { retryable: false, exitCode: 1, meaning: "there is no run at this address" },
  RUN_INVALID: { retryable: false, exitCode: 1, meaning: "a document in the run's folder cannot be read" },
  RUN_INCOMPLETE: { retryable: false, exitCode: 1, meaning: "the run is not complete" },
  RUN_CANCELLED: { retryable: false, exitCode: 1, meaning: "the run was cancelled" },
  TOO_MANY_FAILED: { retryable: false, exitCode: 3, meaning: "more images failed than --max-failed allows" },
  DEVICE_UNAVAILABLE: { retryable: false, exitCode: 1, meaning: "the device asked for cannot be used" },
  WORKER_DIED: { retryable: false, exitCode: 1, meaning: "a worker process or thread ended by itself" },
  INTERRUPTED: { retryable: false, exitCode: 1, meaning: "a signal stopped the command" },
  INTERNAL: { retryable: false, exitCode: 1, meaning: "a bug in labelfleet" },
} as const satisfies Record<string, { retryable: boolean; exitCode: 1 | 2 | 3; meaning: string }>;

export type ErrorCode = keyof typeof errorCatalog;

/** Whether a code says something about one image, so that it ends in a record; any other concerns the whole batch. */
export function isRecordCode(code: ErrorCode): boolean {
  return /^(IMAGE|OBJECT|KEY|DECODE|INFERENCE|STORE)_/.test(code);
}

/** Whether what failed so is repeated by itself: retryable, unless it has used up all the time that it may take. */
export function mayPass({ code, retryable }: { code: string | null; retryable: boolean | null }): boolean {
  return retryable === true && code !== ("OBJECT_TOO_SLOW" satisfies ErrorCode);
}

/** What goes wrong with workers, devices, models, stores or runs whichever image is in hand: its batch is tried again. */
const infrastructureCodes: ReadonlySet<ErrorCode> = new Set([
  "REDIS_UNAVAILABLE",
  "MODEL_UNKNOWN",
  "MODEL_INVALID",
  "HUB_UNAVAILABLE",
  "BUCKET_NOT_FOUND",
  "CREDENTIALS_REFUSED",
  "ACCESS_DENIED",
  "OUTPUT_UNWRITABLE",
  "REDIS_UNSUITABLE",
  "RUN_NOT_FOUND",
  "RUN_INVALID",
  "RUN_CANCELLED",
  "DEVICE_UNAVAILABLE",
  "WORKER_DIED",
  "INTERRUPTED",
]);

/**
 * The error that an image's record names, or null for what concerns its whole batch. An error that nobody foresaw is the image's
 * own: it would come again with each attempt, and the run would never be complete.
 */
export function recordErrorOf(thrown: unknown): LabelfleetError | null {
  const error = toLabelfleetError(thrown);
  if (isRecordCode(error.code)) return error;
  if (infrastructureCodes.has(error.code)) return null;
  return new LabelfleetError("IMAGE_UNPROCESSABLE", `labelfleet failed at this image: ${error.message}`, {
    cause: thrown,
  });
}

/**
 * An error whose code says what to do. The message is one line: what, where, and what the user can do. Keys and foreign
 * messages are part of it, so what a terminal would obey is escaped.
 */
export class LabelfleetError extends Error {
  override readonly name = "LabelfleetError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(printable(message), options);
    this.code = code;
  }

  get retryable(): boolean {
    return errorCatalog[this.code].retryable;
  }

  /** Whether the same call is worth repeating soon. What has used up its whole time already waits for `retry`. */
  get mayPass(): boolean {
    return mayPass(this);
  }

  get exitCode(): 1 | 2 | 3 {
    return errorCatalog[this.code].exitCode;
  }
}

/**
 * Any thrown value as a LabelfleetError, with the original as its cause: a refusal of Redis becomes REDIS_UNAVAILABLE where it
 * passes and REDIS_UNSUITABLE where somebody has to do something, what else is not one of ours INTERNAL.
 */
export function toLabelfleetError(error: unknown): LabelfleetError {
  if (error instanceof LabelfleetError) return error;
  const message = (error instanceof Error ? refusalMessage(error) : String(error)).split("\n")[0] ?? "unknown error";
  if (isPassingRefusal(error)) {
    return new LabelfleetError("REDIS_UNAVAILABLE", `Redis temporarily refuses commands: ${message}`, { cause: error });
  }
  const remedy = error instanceof Error ? remedyOf(error, message) : null;
  if (remedy !== null) {
    return new LabelfleetError("REDIS_UNSUITABLE", `Redis cannot be used (${message}): ${remedy}`, { cause: error });
  }
  return new LabelfleetError("INTERNAL", message, { cause: error });
}

export function hasCode(error: unknown, ...codes: ErrorCode[]): boolean {
  return error instanceof LabelfleetError && codes.includes(error.code);
}
