import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { eachOf } from "@labelfleet/shared/each-of";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";

const downloadsAtOnce = 16;

/** Copies everything below a prefix into a new folder, which appears whole or not at all. Returns its absolute path. */
export async function copyFolder(
  store: ObjectStore,
  prefix: string,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const temporary = resolve(`${folder}.partial`);
  try {
    const names: string[] = [];
    for await (const { key } of store.list({ prefix, signal })) names.push(key.slice(prefix.length));
    await eachOf(names, downloadsAtOnce, async (name) => {
      signal.throwIfAborted();
      const { body } = await store.get(`${prefix}${name}`);
      const path = join(temporary, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, body);
    });
    await rename(temporary, resolve(folder));
    return resolve(folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
