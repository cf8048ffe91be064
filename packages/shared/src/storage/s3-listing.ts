import type { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { LabelfleetError } from "../errors.js";
import { unquoted } from "./etag.js";
import { readBody, untilAborted } from "./s3-body.js";
import { faultyListing } from "./s3-pages.js";

/** An object as a page of a listing has it. */
export interface ListedObject {
  /** As it came: url-encoded where the page says so. */
  key: string;
  /** Unquoted. */
  etag: string;
  sizeBytes: number;
  lastModifiedMs: number | null;
}

/** What was taken out of an answer before the SDK read it. */
export interface TakenPage {
  /** null when the page is written in a way that only a real parser should read, which the SDK then did. */
  objects: ListedObject[] | null;
  /** Whether the store says that more follows; undefined where it does not say. */
  isTruncated: boolean | undefined;
}

/** A thousand keys of the greatest length with all that a store may say of each are a tenth of it. */
const maxPageBytes = 64 * 1024 * 1024;

/**
 * Reads the objects of this command's answer in our own way, and leaves the SDK the rest of it: its XML parser and schemas take
 * 15 ms for a page of a thousand objects, and garbage of several megabytes with it. Returns where they are once the
 * command was sent.
 */
export function readingObjects(
  command: ListObjectsV2Command,
  { uri, signal }: { uri: string; signal: AbortSignal },
): TakenPage {
  const taken: TakenPage = { objects: null, isTruncated: undefined };
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { statusCode: number; body: unknown };
      if (response.statusCode !== 200) return result;
      const reading = readBody(response.body, undefined, { maxBytes: maxPageBytes, uri });
      const xml = withoutNamespace((await untilAborted(signal, reading, response.body)).toString("utf8"));
      if (!isWholePage(xml)) throw new LabelfleetError("STORE_UNAVAILABLE", noPage(uri, xml));
      const parted = takeContents(xml);
      // The SDK takes it for 0, and every object would be one that was replaced.
      if (parted === null && hasEmptySize(xml)) throw faultyListing(uri, "it lists an object with an empty size");
      taken.objects = parted?.objects ?? null;
      const rest = parted?.rest ?? xml;
      taken.isTruncated = isTruncatedIn(rest);
      response.body = Buffer.from(rest);
      return result;
    },
    // Low is next to the network: before the SDK reads the answer.
    { step: "deserialize", priority: "low", name: "readObjects" },
  );
  return taken;
}

/** The SDK knows elements by their bare names, and makes a listing without keys of one whose names have a prefix. */
export function withoutNamespace(xml: string): string {
  return /<\w+:ListBucket/.test(xml.slice(0, 500)) ? xml.replaceAll(/(<\/?)\w+:/g, "$1") : xml;
}

/** Of a listing that is cut, or of what a proxy says instead, the SDK makes a listing without keys. */
export function isWholePage(xml: string): boolean {
  const end = xml.trimEnd().slice(-200);
  return /<(\/ListBucket\w*Result\s*|ListBucket\w*Result\b[^<>]*\/|\/Error\s*)>$/.test(end);
}

function noPage(uri: string, xml: string): string {
  const start = JSON.stringify(xml.trimStart().slice(0, 60));
  return `cannot list ${uri}: the store's answer is no listing, or not a whole one (${xml.length} characters: ${start})`;
}

export function hasEmptySize(xml: string): boolean {
  return /<Size\b[^<>]*>\s*<\/Size>|<Size\s*\/>/.test(xml);
}

/** Not as strict as the SDK, which takes "TRUE " for false. */
export function isTruncatedIn(xml: string): boolean | undefined {
  const text = /<IsTruncated\b[^<>]*>\s*(\w*)\s*</i.exec(xml)?.[1]?.toLowerCase();
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : undefined;
}

/** Parts the objects of a page from the rest of it; null when it is not written as S3 and its like write it. */
export function takeContents(xml: string): { objects: ListedObject[]; rest: string } | null {
  if (xml.includes("<![CDATA[")) return null;
  const objects: ListedObject[] = [];
  let rest = "";
  let from = 0;
  for (;;) {
    const start = xml.indexOf("<Contents>", from);
    if (start === -1) break;
    const end = xml.indexOf("</Contents>", start);
    const entry = xml.slice(start, end);
    const [key, sizeBytes] = [textOf(entry, "Key"), textOf(entry, "Size")];
    if (end === -1 || key === null || !/^\d{1,15}$/.test(sizeBytes ?? "")) return null;
    const modified = textOf(entry, "LastModified");
    objects.push({
      key: ownCopy(key),
      etag: ownCopy(unquoted(textOf(entry, "ETag") ?? "")),
      sizeBytes: Number(sizeBytes),
      lastModifiedMs: timeOf(modified),
    });
    rest += xml.slice(from, start);
    from = end + "</Contents>".length;
  }
  rest += xml.slice(from);
  return /<Contents\b/.test(rest) ? null : { objects, rest };
}

function timeOf(modified: string | null): number | null {
  const timeMs = modified === null ? Number.NaN : Date.parse(modified);
  return Number.isNaN(timeMs) ? null : timeMs;
}

/** The text of an element without attributes, or null. */
function textOf(xml: string, name: string): string | null {
  const start = xml.indexOf(`<${name}>`);
  if (start === -1) return null;
  const end = xml.indexOf("<", start + name.length + 2);
  if (!xml.startsWith(`</${name}>`, end)) return null;
  const text = xml.slice(start + name.length + 2, end);
  return text.includes("&") ? text.replace(/&(#?)(\w+);/g, decodeReference) : text;
}

/** A slice would keep the whole page in memory for as long as it is needed itself. */
function ownCopy(slice: string): string {
  return Buffer.from(slice).toString();
}

const entities = new Map(Object.entries({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }));

function decodeReference(whole: string, isNumber: string, name: string): string {
  if (isNumber === "") return entities.get(name) ?? whole;
  return String.fromCodePoint(name.startsWith("x") ? Number.parseInt(name.slice(1), 16) : Number(name));
}
