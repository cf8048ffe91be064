import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Prediction } from "@labelfleet/shared/contract/prediction";
import type { S3Server } from "./s3-server.js";

/** Where the objects of runs lie: a server in this process, or one in a container. */
export interface RunObjects extends Pick<S3Server, "getObject"> {
  listKeys(bucket: string, prefix: string): string[] | Promise<string[]>;
}

/** Every name in a folder or under a prefix, relative to it and sorted. `uri` ends in a slash. */
export async function namesIn(s3: RunObjects, uri: string): Promise<string[]> {
  const parts = s3Parts(uri);
  if (parts !== null) {
    const keys = await s3.listKeys(parts.bucket, parts.prefix);
    return keys.map((key) => key.slice(parts.prefix.length));
  }
  const root = fileURLToPath(uri);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();
}

/** One file of a run; `uri` ends in a slash. */
export function readIn(s3: RunObjects, uri: string, name: string): Promise<Buffer> {
  const parts = s3Parts(uri);
  return parts === null ? readFile(fileURLToPath(`${uri}${name}`)) : s3.getObject(parts.bucket, parts.prefix + name);
}

/** The records of a run as any reader sees them, by key, and the keys that some reader would see twice. JSONL only. */
export async function recordsIn(
  s3: RunObjects,
  uri: string,
  modelId: string,
): Promise<{ records: Map<string, Prediction>; doubled: string[] }> {
  const records = new Map<string, Prediction>();
  const doubled: string[] = [];
  for (const name of await namesIn(s3, uri)) {
    if (!name.startsWith(`predictions/model=${modelId}/`)) continue;
    for (const line of (await readIn(s3, uri, name)).toString().trimEnd().split("\n")) {
      const record = JSON.parse(line) as Prediction;
      if (records.has(record.key)) doubled.push(record.key);
      records.set(record.key, record);
    }
  }
  return { records, doubled };
}

function s3Parts(uri: string): { bucket: string; prefix: string } | null {
  const parts = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri);
  return parts === null ? null : { bucket: parts[1]!, prefix: parts[2]! };
}
