import { LabelfleetError } from "@labelfleet/shared/errors";
import picomatch from "picomatch";

/** The formats we decode; an --include replaces this list. */
export const defaultExtensions = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff"] as const;

/** Keys are names, not paths on a shell: a leading dot is a character like any other, and so is a line break. */
export const globOptions: picomatch.PicomatchOptions = { dot: true, flags: "s" };

export interface KeyFilterOptions {
  /** The input's key prefix. Patterns see the key below its last "/". */
  prefix: string;
  include: string[];
  exclude: string[];
}

/**
 * Whether a key is to be labelled: it matches an --include (without one: a known extension, in any case) and no --exclude.
 * A pattern without a slash matches the base name, one with a slash the whole key below the input. Throws USAGE.
 */
export function keyFilterOf(options: KeyFilterOptions): (key: string) => boolean {
  const folderLength = options.prefix.lastIndexOf("/") + 1;
  const included = options.include.length === 0 ? hasImageExtension : anyOf(options.include, "--include");
  const excluded = anyOf(options.exclude, "--exclude");
  return (key) => {
    const below = key.slice(folderLength);
    return included(below) && !excluded(below);
  };
}

/** Whether the name ends like an image's that we decode. */
export function hasImageExtension(key: string): boolean {
  const dot = key.lastIndexOf(".");
  return dot > key.lastIndexOf("/") && (defaultExtensions as readonly string[]).includes(key.slice(dot).toLowerCase());
}

function anyOf(patterns: string[], flag: string): (key: string) => boolean {
  const matchers = patterns.map((pattern) => {
    if (pattern.trim() === "") throw new LabelfleetError("USAGE", `${flag} is empty: give a pattern such as "*.jpg"`);
    try {
      return picomatch(pattern, { ...globOptions, matchBase: !pattern.includes("/") } as picomatch.PicomatchOptions);
    } catch (error) {
      throw new LabelfleetError("USAGE", `${flag} ${JSON.stringify(pattern)} is not a pattern`, { cause: error });
    }
  });
  return (key) => matchers.some((matches) => matches(key));
}
