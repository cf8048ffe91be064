import picomatch from "picomatch";
import { globOptions, type KeyFilterOptions } from "./key-filter.js";

/**
 * Whether any key below a folder can be wanted, so that a walk need not enter the others. The folder ends in "/". It is a
 * bound: where patterns do not tell, the answer is yes, and the filter of the keys decides.
 */
export function folderFilterOf({ prefix, include, exclude }: KeyFilterOptions): (folder: string) => boolean {
  const folderLength = prefix.lastIndexOf("/") + 1;
  const isExcluded = exclude.map(wholeFolderOf).filter((matches) => matches !== null);
  const bases = include.map(baseOf);
  return (folder) => {
    const below = folder.slice(folderLength, -1);
    if (below === "") return true;
    if (isExcluded.some((matches) => matches(below))) return false;
    return bases.length === 0 || bases.some((base) => `${base}/`.startsWith(`${below}/`) || isBelow(below, base));
  };
}

/** Matches folders of which a pattern takes everything: those named before its last `/**`. null for other patterns. */
function wholeFolderOf(pattern: string): ((folder: string) => boolean) | null {
  const folder = /^([^!].*)\/\*\*(?:\/\*)?$/s.exec(pattern)?.[1];
  return folder === undefined ? null : picomatch(folder, globOptions);
}

/** The folder that all keys lie below which a pattern matches; "" for any. */
function baseOf(pattern: string): string {
  if (!pattern.includes("/") || pattern.includes("\\")) return "";
  const { base, negated } = picomatch.scan(pattern);
  return negated ? "" : base;
}

function isBelow(folder: string, base: string): boolean {
  return base === "" || folder === base || folder.startsWith(`${base}/`);
}
