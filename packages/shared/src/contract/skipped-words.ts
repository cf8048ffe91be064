import type { Skipped } from "./skipped.js";

const one = {
  linksOutside: "link that leads outside the input",
  linkedFolders: "linked folder",
  brokenLinks: "broken link",
  unreadableFolders: "unreadable folder",
  unreadableFiles: "unreadable file",
  unnameable: "name that is not UTF-8",
  notFiles: "pipe, socket or device",
  filteredFolders: "folder left out by --include or --exclude",
  folderMarkers: "folder marker",
};

const several: typeof one = {
  linksOutside: "links that lead outside the input",
  linkedFolders: "linked folders",
  brokenLinks: "broken links",
  unreadableFolders: "unreadable folders",
  unreadableFiles: "unreadable files",
  unnameable: "names that are not UTF-8",
  notFiles: "pipes, sockets or devices",
  filteredFolders: "folders left out by --include or --exclude",
  folderMarkers: "folder markers",
};

/** What was left out, for people: a part for each reason that there was, such as "9 links that lead outside the input". */
export function skippedWords(skipped: Skipped): string[] {
  const reasons = Object.keys(one) as (keyof typeof one)[];
  return [
    ...filtered(skipped),
    ...reasons.flatMap((reason) => {
      const count = skipped[reason];
      return count === 0 ? [] : [`${grouped(count)} ${(count === 1 ? one : several)[reason]}`];
    }),
  ];
}

/** "3 files: .heic 1, .bmp 1, no extension 1", the most frequent first. */
function filtered({ filtered: files, filteredByExtension }: Skipped): string[] {
  if (files === 0) return [];
  // Runs of earlier versions do not tell extensions.
  if (Object.keys(filteredByExtension).length === 0) {
    return [`${grouped(files)} ${files === 1 ? "file" : "files"}: by extension, --include or --exclude`];
  }
  const extensions = Object.entries(filteredByExtension).sort(([, a], [, b]) => b - a);
  const byName = extensions.map(([name, count]) => `${nameOf(name)} ${grouped(count)}`);
  const others = files - extensions.reduce((sum, [, count]) => sum + count, 0);
  if (others > 0) byName.push(`by --include or --exclude ${grouped(others)}`);
  return [`${grouped(files)} ${files === 1 ? "file" : "files"}: ${byName.join(", ")}`];
}

function nameOf(extension: string): string {
  if (extension === "none") return "no extension";
  return extension === "other" ? "other extensions" : extension;
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
