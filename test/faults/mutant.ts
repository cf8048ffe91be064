import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkoutDir } from "../containers/checkout.js";

/** A promise taken out of the product: an exact piece of a built file, and what stands there instead. */
export interface Mutation {
  /** Relative to the checkout. */
  file: string;
  snippet: string;
  replacement: string;
}

export interface Mutant {
  /** Its labelfleet.js. */
  program: string;
  remove(): Promise<void>;
}

/**
 * A copy of what was built, with a mutation in it. Rejects when the snippet is not there exactly once: then the mutation has to
 * be written anew, and not be taken for caught.
 */
export async function makeMutant(mutation: Mutation): Promise<Mutant> {
  const dir = await mkdtemp(join(tmpdir(), "lf-mutant-"));
  const remove = () => rm(dir, { recursive: true, force: true });
  try {
    await copyBuilt(dir);
    await mutate(dir, mutation);
  } catch (error) {
    await remove();
    throw error;
  }
  return { program: join(dir, "packages/cli/bin/labelfleet.js"), remove };
}

async function copyBuilt(dir: string): Promise<void> {
  for (const kind of ["packages", "services"]) {
    for (const name of await readdir(join(checkoutDir, kind))) {
      for (const part of ["dist", "bin", "public", "package.json"]) {
        const from = join(checkoutDir, kind, name, part);
        await cp(from, join(dir, kind, name, part), { recursive: true }).catch(ignoreMissing);
      }
    }
  }
  await symlink(join(checkoutDir, "models"), join(dir, "models"));
  await linkModules(dir);
}

async function mutate(dir: string, { file, snippet, replacement }: Mutation): Promise<void> {
  const path = join(dir, file);
  const text = await readFile(path, "utf8");
  assert.equal(text.split(snippet).length - 1, 1, `${file} has ${JSON.stringify(snippet)} once`);
  await writeFile(
    path,
    text.replace(snippet, () => replacement),
  );
}

/** Dependencies are the checkout's; our own workspaces are the copies. */
async function linkModules(dir: string): Promise<void> {
  const [from, to] = [join(checkoutDir, "node_modules"), join(dir, "node_modules")];
  await mkdir(join(to, "@labelfleet"), { recursive: true });
  for (const name of await readdir(from)) {
    if (name !== "@labelfleet") await symlink(join(from, name), join(to, name));
  }
  for (const kind of ["packages", "services"]) {
    for (const name of await readdir(join(dir, kind))) {
      await symlink(join(dir, kind, name), join(to, "@labelfleet", name));
    }
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
