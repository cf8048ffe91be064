import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { LabelfleetError, toLabelfleetError } from "@labelfleet/shared/errors";
import { type HubClient, type HubResponse, reasonOf, unavailable } from "./hub-client.js";

/** What the hub says of a file before it is downloaded. */
export interface HubFile {
  /** "owner/repo/path", for messages. */
  readonly name: string;
  readonly address: string;
  /** null where the hub does not say. */
  readonly sizeBytes: number | null;
  /** Large files are known by their SHA-256, small ones by their git blob's SHA-1, as the ETag says; null for others. */
  readonly hash: { readonly kind: "sha256" | "git-sha1"; readonly hex: string } | null;
}

export type OnProgress = (progress: { name: string; receivedBytes: number; totalBytes: number | null }) => void;

/** Attempts in a row that brought no byte; one that brought some starts the count anew. */
const maxAttempts = 5;
const firstPauseMs = 200;

/** @throws MODEL_UNKNOWN for a 404, ACCESS_DENIED for 401 and 403, HUB_UNAVAILABLE */
export async function statHubFile(
  client: HubClient,
  { repo, revision, file }: { repo: string; revision: string; file: string },
): Promise<HubFile> {
  return withPatience(() => statOnce(client, client.addressOf(repo, revision, file), `${repo}/${file}`));
}

async function statOnce(client: HubClient, address: string, name: string): Promise<HubFile> {
  let linked: HubResponse["headers"] = {};
  const response = await client.fetch("HEAD", address, {}, (headers) => {
    // The hub's own redirect names the content; the storage host behind it may have an ETag of its own.
    if (headers["x-linked-etag"] !== undefined) linked = headers;
  });
  await response.body.dump();
  refuse(response.statusCode, name);
  const headers = { ...response.headers, ...linked };
  const size = headers["x-linked-size"] ?? response.headers["content-length"];
  return {
    name,
    address,
    sizeBytes: size !== undefined && /^\d+$/.test(size) ? Number(size) : null,
    hash: hashOf(headers["x-linked-etag"] ?? headers.etag),
  };
}

/**
 * Downloads to `path`, going on where a file that lies there ends, and compares the hash at the end. A cut connection is
 * taken up again; what is there stays when it fails for good, so that the next call goes on.
 *
 * @throws MODEL_INVALID when the hash or size is another than the hub said (the file is removed then), and as statHubFile
 */
export async function downloadHubFile(
  client: HubClient,
  file: HubFile,
  path: string,
  onProgress: OnProgress,
): Promise<void> {
  await withPatience(
    () => receive(client, file, path, onProgress),
    () => sizeOf(path),
  );
  await verify(file, path);
}

/** Repeats what fails for the weather's sake, after growing pauses; an attempt that made progress starts the count anew. */
async function withPatience<T>(attempt: () => Promise<T>, progress: () => Promise<number> = async () => 0): Promise<T> {
  for (let failures = 0; ; ) {
    const before = await progress();
    try {
      return await attempt();
    } catch (error) {
      if (!toLabelfleetError(error).retryable) throw error;
      failures = (await progress()) > before ? 1 : failures + 1;
      if (failures >= maxAttempts) throw error;
      await sleep(firstPauseMs * 2 ** (failures - 1));
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
    await append(handle, response, (addedBytes) => {
      receivedBytes += addedBytes;
      onProgress({ name, receivedBytes, totalBytes: sizeBytes });
    });
  } finally {
    await response.body.dump().catch(() => undefined);
    await handle.close();
  }
  if (sizeBytes !== null && receivedBytes < sizeBytes) {
    throw unavailable(`${name} ended after ${receivedBytes} of ${sizeBytes} bytes`);
  }
}

async function append(handle: FileHandle, { body }: HubResponse, onBytes: (count: number) => void): Promise<void> {
  try {
    for await (const chunk of body) {
      await handle.write(chunk);
      onBytes(chunk.byteLength);
    }
  } catch (cause) {
    throw unavailable(`the connection was cut (${reasonOf(cause)})`, cause);
  }
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
