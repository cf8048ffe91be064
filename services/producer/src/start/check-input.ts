import type { ManifestEntry } from "@labelfleet/shared/contract/manifest";
import type { Skipped } from "@labelfleet/shared/contract/skipped";
import { skippedWords } from "@labelfleet/shared/contract/skipped-words";
import { type ErrorCode, hasCode, LabelfleetError } from "@labelfleet/shared/errors";
import type { Input } from "../list/input-entries.js";

const triedObjects = 3;

/** What may be wrong with one object by itself. */
const codesOfOneObject: ErrorCode[] = [
  "OBJECT_DENIED",
  "OBJECT_ARCHIVED",
  "OBJECT_NOT_FOUND",
  "OBJECT_CHANGED",
  "OBJECT_TOO_SLOW",
];

/** @throws INPUT_EMPTY, saying what was left out */
export function checkNotEmpty(input: string, entries: ManifestEntry[], skipped: Skipped): void {
  if (entries.length > 0) return;
  const words = skippedWords(skipped);
  const why = words.length === 0 ? "it is empty" : `skipped ${words.join("; ")}`;
  throw new LabelfleetError("INPUT_EMPTY", `no image under ${input} (${why}): ${adviceFor(skipped)}`);
}

function adviceFor({ linksOutside, linkedFolders, unreadableFolders, unreadableFiles }: Skipped): string {
  if (linksOutside + linkedFolders > 0) {
    return "links to folders and outside the input are not followed: name the folder that they lead to";
  }
  if (unreadableFolders + unreadableFiles > 0) return "allow this user to read it, or check the address";
  return "check the address and the filters";
}

/**
 * Reads one byte of the first images: credentials may allow listing without reading. One object may be denied by itself,
 * so only several in a row stop the run.
 *
 * @throws ACCESS_DENIED and what else the store rejects with, besides what is wrong with single objects
 */
export async function checkReadable(input: Input, entries: ManifestEntry[]): Promise<void> {
  const tried = entries.filter(({ sizeBytes }) => sizeBytes > 0).slice(0, triedObjects);
  for (const [i, { key }] of tried.entries()) {
    try {
      await input.store.get(key, { range: { start: 0, end: 0 } });
      return;
    } catch (error) {
      if (!hasCode(error, ...codesOfOneObject)) throw error;
      if (hasCode(error, "OBJECT_DENIED") && i === tried.length - 1) {
        throw new LabelfleetError(
          "ACCESS_DENIED",
          `${input.store.uriOf(key)} can be listed but not read: allow s3:GetObject (for files: read permission)`,
          { cause: error },
        );
      }
    }
  }
}
