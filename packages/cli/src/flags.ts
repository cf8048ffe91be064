import { backgroundSchema, type MaxFailed } from "@labelfleet/shared/contract/run-spec";
import { type ErrorCode, errorCatalog, isRecordCode, toLabelfleetError } from "@labelfleet/shared/errors";
import { formatUri, parseUri } from "@labelfleet/shared/storage/uri";
import { InvalidArgumentError } from "commander";

/** Parsers of flag values; commander turns what they throw into one line and exit code 2. */

export function positiveInt(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("expected a whole number of at least 1.");
  return value;
}

export function nonNegativeInt(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError("expected a whole number of at least 0.");
  }
  return value;
}

export function portNumber(text: string): number {
  const value = nonNegativeInt(text);
  if (value > 65_535) throw new InvalidArgumentError("expected at most 65535.");
  return value;
}

export function intUpTo(maximum: number): (text: string) => number {
  return intFrom(1, maximum);
}

export function intFrom(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = positiveInt(text);
    if (value > maximum) throw new InvalidArgumentError(`expected at most ${maximum}.`);
    if (value < minimum) throw new InvalidArgumentError(`expected at least ${minimum}.`);
    return value;
  };
}

/** `97%` as 0.97. */
export function percentage(text: string): number {
  const percent = Number(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1] ?? Number.NaN);
  if (!(percent <= 100)) throw new InvalidArgumentError("expected a percentage such as 97%.");
  return percent / 100;
}

export function probability(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError("expected a number from 0 to 1.");
  return value;
}

const namedColours: Readonly<Record<string, string>> = { black: "#000000", white: "#ffffff" };

/** `white`, `black`, `#fff` or `#ffffff` as `#ffffff`. */
export function colour(text: string): string {
  const lower = text.toLowerCase();
  const named = namedColours[lower] ?? lower.replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3");
  if (!backgroundSchema.safeParse(named).success) {
    throw new InvalidArgumentError("expected black, white or a colour such as #ffffff.");
  }
  return named;
}

/** `250` is a count of images, `10%` a share of those done. */
export function maxFailed(text: string): MaxFailed {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent !== undefined && Number(percent) <= 100) return { kind: "share", share: Number(percent) / 100 };
  if (/^\d+$/.test(text)) return { kind: "count", count: Number(text) };
  throw new InvalidArgumentError("expected a count such as 250, or a percentage such as 10%.");
}

/** A code that a record can carry. */
export function recordCode(text: string): ErrorCode {
  const codes = (Object.keys(errorCatalog) as ErrorCode[]).filter((code) => isRecordCode(code));
  const code = codes.find((known) => known === text);
  if (code === undefined) throw new InvalidArgumentError(`expected one of ${codes.join(", ")}.`);
  return code;
}

export function laneName(text: string): string {
  if (!/^[a-z0-9-]{1,63}$/.test(text)) {
    throw new InvalidArgumentError("expected up to 63 lower-case letters, digits and hyphens.");
  }
  return text;
}

/** An address of a bucket, a prefix or a folder. */
export function storeUri(text: string): string {
  try {
    return formatUri(parseUri(text));
  } catch (error) {
    throw new InvalidArgumentError(`${toLabelfleetError(error).message}.`);
  }
}

/** For flags that may be given several times. */
export function collect<T>(parse: (text: string) => T): (text: string, previous: T[] | undefined) => T[] {
  return (text, previous) => [...(previous ?? []), parse(text)];
}
