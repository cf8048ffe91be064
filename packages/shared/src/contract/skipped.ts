import { z } from "zod";
import { countsByNameSchema, countUnder } from "./counts-by-name.js";

const countSchema = z.int().min(0);
/** Counts that run folders of earlier versions do not have. */
const laterCountSchema = countSchema.default(0);

/** What a listing left out, by the reason: in `.done`, `.skipped.json` and report.json. */
export const skippedSchema = z.object({
  folderMarkers: countSchema,
  /** Names that are not UTF-8; of a folder with such a name, every file below it. */
  unnameable: countSchema,
  /** Left out by extension, --include or --exclude. */
  filtered: countSchema,
  /** Those of `filtered` whose extension is no image's, by extension. */
  filteredByExtension: countsByNameSchema.default({}),
  /** Folders that were not opened, because --include or --exclude leaves out everything below them. */
  filteredFolders: laterCountSchema,
  /** Symbolic links to files outside of the input. */
  linksOutside: laterCountSchema,
  /** Symbolic links to folders. */
  linkedFolders: laterCountSchema,
  /** Symbolic links to nothing, or in circles. */
  brokenLinks: laterCountSchema,
  /** Folders whose files may not be listed or looked at. */
  unreadableFolders: laterCountSchema,
  /** Files, or what links lead to, of which not even the size may be asked. */
  unreadableFiles: laterCountSchema,
  /** Pipes, sockets and devices. */
  notFiles: laterCountSchema,
});
export type Skipped = z.infer<typeof skippedSchema>;

/** The reasons that are plain counts. */
export type SkippedReason = Exclude<keyof Skipped, "filteredByExtension">;

const reasons = Object.keys(skippedSchema.shape).filter((name) => name !== "filteredByExtension") as SkippedReason[];

/** Extensions that are counted by name; files with further ones are counted together, as "other". */
const maxExtensions = 20;
const maxExtensionLength = 12;

export function noneSkipped(): Skipped {
  return {
    folderMarkers: 0,
    unnameable: 0,
    filtered: 0,
    filteredByExtension: {},
    filteredFolders: 0,
    linksOutside: 0,
    linkedFolders: 0,
    brokenLinks: 0,
    unreadableFolders: 0,
    unreadableFiles: 0,
    notFiles: 0,
  };
}

/** Adds the counts of another part of the listing. */
export function addSkipped(total: Skipped, part: Skipped): void {
  for (const reason of reasons) total[reason] += part[reason];
  for (const [extension, count] of Object.entries(part.filteredByExtension)) addExtension(total, extension, count);
}

/** Counts a file whose extension is no image's. */
export function countExtension(skipped: Skipped, key: string): void {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  const extension = dot < 0 ? "none" : name.slice(dot).toLowerCase();
  addExtension(skipped, /^(none|\.[\p{L}\p{N}_-]+)$/u.test(extension) ? extension : "other", 1);
}

function addExtension({ filteredByExtension: counts }: Skipped, extension: string, count: number): void {
  const isNamed = extension.length <= maxExtensionLength;
  const isKnown = Object.hasOwn(counts, extension) || Object.keys(counts).length < maxExtensions;
  const name = isNamed && isKnown ? extension : "other";
  countUnder(counts, name, count);
}
