import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";

const noteSchema = z.object({
  size: z.int().min(1),
  /** The smallest size that was out of memory. */
  failedAt: z.int().min(2).nullable(),
  imagesPerSecond: z.number().positive(),
});
/** What a search found out. */
export type SizeNote = z.infer<typeof noteSchema>;

/** What a batch size is the best for. */
export interface SizeSubject {
  weightsSha256: string;
  precision: string;
  /** Names the device and what it is capable of. */
  device: string;
}

/** The best batch sizes that this machine's workers found, a file each; lost or broken ones are searched for again. */
export class SizeNotes {
  readonly #folder: string;

  constructor(cacheDir: string) {
    this.#folder = join(cacheDir, "batch-sizes");
  }

  /** null where nothing that can be read was noted. */
  async read(subject: SizeSubject): Promise<SizeNote | null> {
    try {
      const parsed = noteSchema.safeParse(JSON.parse(await readFile(this.#pathOf(subject), "utf8")));
      return parsed.success ? parsed.data : null;
    } catch {
      return null; // Not there, or not JSON.
    }
  }

  /** Whole or not at all; of several workers the last one's stays. */
  async write(subject: SizeSubject, note: SizeNote): Promise<void> {
    const path = this.#pathOf(subject);
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, JSON.stringify(note));
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #pathOf({ weightsSha256, precision, device }: SizeSubject): string {
    const name = createHash("sha256")
      .update(JSON.stringify([weightsSha256, precision, device]))
      .digest("hex");
    return join(this.#folder, `${name.slice(0, 32)}.json`);
  }
}
