import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface OwnTemporaryDir {
  dir: string;
  /** Undoes it and removes the folder with all it holds. */
  release(): Promise<void>;
}

/** A TMPDIR for this process alone, so that a suite answers for its own temporary folders and not for its neighbours'. */
export async function ownTemporaryDir(name: string): Promise<OwnTemporaryDir> {
  const before = process.env.TMPDIR;
  const dir = await mkdtemp(join(tmpdir(), `lf-${name}-`));
  process.env.TMPDIR = dir;
  return {
    dir,
    async release() {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
