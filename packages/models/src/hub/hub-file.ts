import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode, LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import { dump, type HubClient, type HubResponse, reasonOf, unavailable } from "./hub-client.js";
import type { HubLimits } from "./hub-limits.js";

/** What the hub says of a file before it is downloaded. */
export interface HubFile {
  /** "owner/repo/path", for messages. */
  readonly name: string;
  readonly address: string;
  /** null where the hub does not say. */
  readonly sizeBytes: number | null;
  /** Large files are known by their SHA-256, small ones by their git blob's SHA-1, as the ETag says; null for others. */
  readonly hash: { readonly kind: "sha256" | "git-sha1"; readonly hex: string } | null;
  /** No more than this is taken, whatever the hub says or does not say of the size. */
  readonly maxBytes: number;
}

export type OnProgress = (progress: { name: string; receivedBytes: number; totalBytes: number | null }) => void;

/** Attempts in a row that brought next to nothing (`minWindowBytes`). */
const maxAttempts = 5;

/** @throws MODEL_UNKNOWN for a 404, ACCESS_DENIED for 401 and 403, MODEL_INVALID when it is too large, HUB_UNAVAILABLE */
export async function statHubFile(
  client: HubClient,
  { repo, revision, file, maxBytes }: { repo: string; revision: string; file: string; maxBytes: number },
): Promise<HubFile> {
  const address = client.addressOf(repo, revision, file);
  const found = await withPatience(client, () => statOnce(client, address, `${repo}/${file}`, maxBytes));
  if ((found.sizeBytes ?? 0) > maxBytes) throw tooLarge(found, `${found.sizeBytes} bytes`);
  return found;
}

async function statOnce(client: HubClient, address: string, name: string, maxBytes: number): Promise<HubFile> {
  let linked: HubResponse["headers"] = {};
  const response = await client.fetch("HEAD", address, {}, (headers) => {
    // The hub's own redirect names the content; the storage host behind it may have an ETag of its own.
    if (headers["x-linked-etag"] !== undefined) linked = headers;
  });
  await dump(response);
  refuse(response.statusCode, name);
  const headers = { ...response.headers, ...linked };
  const size = headers["x-linked-size"] ?? response.headers["content-length"];
  return {
    name,
    address,
    sizeBytes: size !== undefined && /^\d{1,15}$/.test(size) ? Number(size) : null,
    hash: hashOf(headers["x-linked-etag"] ?? headers.etag),
    maxBytes,
  };
}

/**
 * Downloads to `path`, going on where a file that lies there ends, and compares the hash at the end. A cut connection is
 * taken up again; what is there stays when it fails for good, so that the next call goes on.
 *
 * @throws MODEL_INVALID when the hash or size is another than the hub said, or more comes than that (the file is removed then), and
 *   as statHubFile
 */
export async function downloadHubFile(
  client: HubClient,
  file: HubFile,
  path: string,
  onProgress: OnProgress,
): Promise<void> {
  // Without a hash nobody knows whether an older part belongs to what comes now.
  if (file.hash === null) await rm(path, { force: true });
  await withPatience(
    client,
    () => receive(client, file, path, onProgress),
    () => sizeOf(path),
  );
  await verify(file, path);
}

/**
 * Repeats what fails for the weather's sake, after growing pauses and until the pull is out of time; an attempt that made progress
 * starts the count anew.
 */
async function withPatience<T>(
  client: HubClient,
  attempt: () => Promise<T>,
  progress: () => Promise<number> = async () => 0,
): Promise<T> {
  for (let failures = 0; ; ) {
    const before = await progress();
    try {
      return await attempt();
    } catch (error) {
      if (!toLabelfleetError(error).retryable || client.isOutOfTime) throw error;
      const addedBytes = (await progress()) - before;
      failures = addedBytes >= client.limits.minWindowBytes ? 1 : failures + 1;
      if (failures >= maxAttempts) throw error;
      await sleep(client.limits.firstPauseMs * 2 ** (failures - 1));
    }
  }
}

/** One request for what is missing. Throws HUB_UNAVAILABLE when the connection ends before the file does. */
async function receive(client: HubClient, file: HubFile, path: string, onProgress: OnProgress): Promise<void> {
  const { name, address, sizeBytes } = file;
  let receivedBytes = await sizeOf(path);
  if (sizeBytes !== null && receivedBytes === sizeBytes && sizeBytes > 0) return;
  if (sizeBytes !== null && receivedBytes > sizeBytes) receivedBytes = 0;
  const response = await client.fetch("GET", address, receivedBytes > 0 ? { range: `bytes=${receivedBytes}-` } : {});
  const handle = await open(path, "a");
  try {
    if (response.statusCode === 416 || !continuesAt(response, receivedBytes)) receivedBytes = 0;
    if (response.statusCode !== 206 || receivedBytes === 0) await handle.truncate(0);
    if (response.statusCode === 416) throw unavailable(`${name} does not go on where it ended; starting again`);
    refuse(response.statusCode, name);
    if (response.statusCode === 206 && receivedBytes === 0) throw unavailable(`${name}: the answer starts elsewhere`);
    if (response.statusCode === 200) receivedBytes = 0;
    await append(handle, response, client, (addedBytes) => {
      receivedBytes += addedBytes;
      if (receivedBytes > (sizeBytes ?? file.maxBytes)) throw tooLarge(file, "more bytes than that");
      onProgress({ name, receivedBytes, totalBytes: sizeBytes });
    });
  } catch (error) {
    if (hasCode(error, "MODEL_INVALID")) await rm(path, { force: true });
    throw error;
  } finally {
    await dump(response);
    await handle.close();
  }
  if (sizeBytes !== null && receivedBytes < sizeBytes) {
    throw unavailable(`${name} ended after ${receivedBytes} of ${sizeBytes} bytes`);
  }
}

/** @param onBytes told before each piece is written; may refuse it */
async function append(
  handle: FileHandle,
  { body }: HubResponse,
  client: HubClient,
  onBytes: (count: number) => void,
): Promise<void> {
  const isTooSlow = slowness(client.limits);
  try {
    for await (const chunk of body) {
      onBytes(chunk.byteLength);
      await handle.write(chunk);
      if (isTooSlow(chunk.byteLength, performance.now())) throw unavailable("the connection brings next to nothing");
    }
  } catch (cause) {
    if (cause instanceof LabelfleetError) throw cause;
    throw unavailable(client.isOutOfTime ? client.outOfTime : `the connection was cut (${reasonOf(cause)})`, cause);
  }
}

/** Judges each window of `windowMs`: whether fewer than `minWindowBytes` came in it. */
function slowness({ windowMs, minWindowBytes }: HubLimits): (bytes: number, nowMs: number) => boolean {
  let [startedMs, windowBytes] = [performance.now(), 0];
  return (bytes, nowMs) => {
    windowBytes += bytes;
    if (nowMs - startedMs < windowMs) return false;
    const isSlow = windowBytes < minWindowBytes;
    [startedMs, windowBytes] = [nowMs, 0];
    return isSlow;
  };
}

/** Whether a partial answer starts where our file ends; a whole one always does, from the beginning. */
function continuesAt({ statusCode, headers }: HubResponse, receivedBytes: number): boolean {
  if (statusCode !== 206) return true;
  return headers["content-range"]?.startsWith(`bytes ${receivedBytes}-`) ?? false;
}

async function verify({ name, sizeBytes, hash }: HubFile, path: string): Promise<void> {
  const actualBytes = await sizeOf(path);
  const refusal = async (what: string) => {
    await rm(path, { force: true });
    return new LabelfleetError("MODEL_INVALID", `${name}: ${what}; it was thrown away, pull it again`);
  };
  if (sizeBytes !== null && actualBytes !== sizeBytes) {
    throw await refusal(`${actualBytes} bytes came, the hub says ${sizeBytes}`);
  }
  if (hash === null) return;
  const digest: Hash = createHash(hash.kind === "sha256" ? "sha256" : "sha1");
  if (hash.kind === "git-sha1") digest.update(`blob ${actualBytes}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) digest.update(chunk as Buffer);
  const actual = digest.digest("hex");
  if (actual !== hash.hex) throw await refusal(`its hash is ${actual}, the hub says ${hash.hex}`);
}

function tooLarge({ name, sizeBytes, maxBytes }: HubFile, what: string): LabelfleetError {
  const said =
    sizeBytes === null || sizeBytes > maxBytes ? `at most ${maxBytes} are taken` : `the hub says ${sizeBytes}`;
  return new LabelfleetError("MODEL_INVALID", `${name}: ${what}, and ${said}; nothing of it is kept`);
}

function hashOf(etag: string | undefined): HubFile["hash"] {
  const hex = etag?.replace(/^W\//, "").replaceAll('"', "") ?? "";
  if (/^[0-9a-f]{64}$/.test(hex)) return { kind: "sha256", hex };
  if (/^[0-9a-f]{40}$/.test(hex)) return { kind: "git-sha1", hex };
  return null;
}

function refuse(statusCode: number, name: string): void {
  if (statusCode === 404) throw new LabelfleetError("MODEL_UNKNOWN", `the model hub has no ${name}`);
  if (statusCode === 401 || statusCode === 403) {
    throw new LabelfleetError(
      "ACCESS_DENIED",
      `the model hub refuses ${name} (${statusCode}): is HF_TOKEN set and allowed?`,
    );
  }
  if (statusCode !== 200 && statusCode !== 206) throw unavailable(`${name} answers ${statusCode}`);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
