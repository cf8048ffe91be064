/** One object of a listing. `key` is the full S3 key, or the path below the file store's root. */
export interface ObjectInfo {
  key: string;
  /** Unquoted; `size-mtimeNs` for files. May be empty, weak or no name of a version: see etag.ts. */
  etag: string;
  sizeBytes: number;
  /** Milliseconds since 1970, null where the store does not tell. */
  lastModifiedMs: number | null;
}

export interface ListOptions {
  /** Only keys that start with this string. */
  prefix: string;
  /** Only keys after this one, in UTF-8 byte order; it need not exist. */
  startAfter?: string;
  /** No key after this one; it need not exist. */
  through?: string;
  signal?: AbortSignal;
  /**
   * Told of each thing that is in no listing, in its place among the keys. A folder that may not be read ends the listing where
   * nobody is told.
   */
  onLeftOut?: (left: LeftOut) => void;
  /** Whether everything below a folder may be passed over, given its key with "/" at the end; a store without folders does not ask. */
  isPruned?: (folder: string) => boolean;
}

/** Something that a store holds and does not list. */
export interface LeftOut {
  reason:
    | "unnameable"
    | "filteredFolders"
    | "linksOutside"
    | "linkedFolders"
    | "brokenLinks"
    | "unreadableFolders"
    | "unreadableFiles"
    | "notFiles";
  /** With "/" at the end for folders, and for links to them. Of a name that is not UTF-8, what can be read of it. */
  key: string;
  /** One line that says where and why, for what the store refuses to read. */
  message?: string;
}

export interface PageOptions {
  prefix: string;
  startAfter?: string;
  /** Keys that go on behind the prefix up to this string are told by that part alone, in `prefixes`. */
  delimiter?: string;
  /** At most so many keys and prefixes; as many as the store gives at once unless told. */
  maxKeys?: number;
  signal?: AbortSignal;
}

/** The first page of a listing: up to a thousand keys and prefixes together, each in key order. */
export interface ListedPage {
  keys: string[];
  prefixes: string[];
  isTruncated: boolean;
}

/** Gives memory of so many bytes or more for a body, which fills the beginning of it. */
export type TakeBodyMemory = (sizeBytes: number) => ArrayBuffer;

/** Memory of a body's own. Not Node's shared pool, which cannot be transferred to another thread. */
export const ownBodyMemory: TakeBodyMemory = (sizeBytes) => Buffer.allocUnsafeSlow(sizeBytes).buffer;

/** How far a body has come. */
export interface ReadProgress {
  receivedBytes: number;
  /** Of all of it; null until it is known. */
  sizeBytes: number | null;
}

export interface GetOptions {
  /** Unquoted ETag; another one at the store rejects with OBJECT_CHANGED. An empty or weak one is not compared. */
  ifMatch?: string;
  /**
   * What was listed. An object of another size rejects with OBJECT_CHANGED; also one of another time, where `ifMatch` names no
   * version.
   */
  listed?: { sizeBytes: number; lastModifiedMs?: number | null | undefined };
  /** Inclusive byte positions; the end may lie behind the object's end. */
  range?: { start: number; end: number };
  /** More bytes than this reject with OBJECT_TOO_LARGE before the body is read. */
  maxBytes?: number;
  /** Called for each attempt that begins at the first byte. `ownBodyMemory` unless given. */
  takeMemory?: TakeBodyMemory;
  /** Milliseconds that all attempts together may take, and 4 s more for each MiB; then OBJECT_TOO_SLOW. 300 s unless given. */
  maxReadMs?: number;
  /** Kept up to date while the body comes. */
  progress?: ReadProgress;
  signal?: AbortSignal;
}

/** An object's bytes; in pieces where they are more than should lie in memory twice. */
export type PutBody = Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** Only when the key does not exist yet; else PRECONDITION_FAILED. */
  ifNoneMatch?: "*";
  /** Only when the key has this unquoted ETag; else PRECONDITION_FAILED. */
  ifMatch?: string;
  contentType?: string;
  signal?: AbortSignal;
}

/**
 * What the pipeline needs of an object store. Every method rejects with a LabelfleetError, or with the signal's reason
 * when the caller aborted. Transient failures are retried inside, so STORE_THROTTLED, STORE_UNAVAILABLE and STORE_TIMEOUT
 * mean that the store's own attempts are used up.
 *
 * A put whose answer was lost is repeated: a conditional put may therefore lose against its own first attempt and report
 * PRECONDITION_FAILED although its bytes lie there. Callers treat that as "someone committed", which is true.
 */
export interface ObjectStore {
  readonly kind: "s3" | "file";
  /** The address of a key, as parseUri reads it back. */
  uriOf(key: string): string;
  /** Streamed and paginated, ascending in the UTF-8 byte order of keys. Folder markers (keys ending in "/") are included. */
  list(options: ListOptions): AsyncIterable<ObjectInfo>;
  /** One request of a listing. Absent where a listing is no sequence of requests, so that cutting it up gains nothing. */
  page?(options: PageOptions): Promise<ListedPage>;
  /**
   * `sizeBytes` is the whole object's size, also when a range was asked for. The body's ArrayBuffer is its own (transferable), or
   * what `takeMemory` gave.
   */
  get(key: string, options?: GetOptions): Promise<{ body: Buffer<ArrayBuffer>; etag: string; sizeBytes: number }>;
  /** null when there is no such object. */
  head(key: string): Promise<ObjectInfo | null>;
  /** Pieces become one object, which is there whole or not at all. */
  put(key: string, body: PutBody, options?: PutOptions): Promise<{ etag: string }>;
  /** Deleting what is not there is fine. */
  delete(key: string): Promise<void>;
  /**
   * Removes what writers left below a folder that were killed in the middle of a write, an hour ago or earlier; never rejects.
   * S3 keeps nothing of a write that breaks off.
   *
   * @param prefix empty or ending in "/"
   */
  removeAbandoned(prefix: string): Promise<void>;
  /** Closes connections; may be called twice. */
  close(): Promise<void>;
}
