import { expect, test } from "vitest";
import { decodeKey } from "./s3-keys.js";
import { followPages, type PagePosition, type StorePage } from "./s3-pages.js";

type Store = (position: PagePosition) => Partial<StorePage>;

const keys = Array.from({ length: 2_500 }, (_, i) => `in/${String(i).padStart(5, "0")}.jpg`);

/** As a store that does everything right: a thousand keys a page, and a token that says where the next begins. */
function rightly(all: string[], { ContinuationToken, StartAfter = "" }: PagePosition, maxKeys = 1_000) {
  const from = ContinuationToken === undefined ? all.findIndex((key) => key > StartAfter) : Number(ContinuationToken);
  const page = from === -1 ? [] : all.slice(from, from + maxKeys);
  const isTruncated = from !== -1 && from + maxKeys < all.length;
  return { objects: page.map(listed), isTruncated, token: isTruncated ? `${from + maxKeys}` : undefined };
}

function listed(key: string) {
  return { key, etag: "e", sizeBytes: 1, lastModifiedMs: null };
}

async function walk(store: Store, options: { prefix?: string; startAfter?: string } = {}) {
  const found: (string | undefined)[] = [];
  const asked: PagePosition[] = [];
  const fetchPage = async (position: PagePosition): Promise<StorePage> => {
    asked.push(position);
    const none = { prefixes: [], decode: decodeKey, keyCount: undefined, maxKeys: undefined };
    return { ...none, objects: [], isTruncated: undefined, token: undefined, ...store(position) };
  };
  const pages = followPages({ uri: "s3://b/in/", prefix: "in/", ...options, fetchPage });
  for await (const entries of pages) found.push(...entries.map(({ key }) => key));
  return { found, asked };
}

const reasonOf = (store: Store, options: { prefix?: string; startAfter?: string } = {}): Promise<string> =>
  walk(store, options).then(
    ({ found }) => `listed ${found.length}`,
    (error: { code: string; message: string }) => `${error.code} ${error.message}`,
  );

test("a store that gives tokens is followed by them, and asked no more than it has pages", async () => {
  const { found, asked } = await walk((position) => rightly(keys, position));
  expect(found).toEqual(keys);
  expect(asked).toEqual([{}, { ContinuationToken: "1000" }, { ContinuationToken: "2000" }]);
});

test.each<[string, Store]>([
  ["no token", (position) => ({ ...rightly(keys, position), token: undefined })],
  ["no token on page 2 only", (position) => withoutToken(rightly(keys, position), "2000")],
  [
    "a token and does not say that there is more",
    (position) => ({ ...rightly(keys, position), isTruncated: undefined }),
  ],
  ["full pages and nothing else", (position) => without(rightly(keys, position), ["isTruncated", "token"])],
  ["full pages, and says that each is the last", (position) => ({ ...rightly(keys, position), isTruncated: false })],
  [
    "short pages with a token, and says that each is the last",
    (at) => ({ ...rightly(keys, at, 700), isTruncated: false }),
  ],
  [
    "short pages that say how many they may have",
    (at) => ({ ...without(rightly(keys, at, 99), ["token", "isTruncated"]), maxKeys: 99 }),
  ],
  ["the key that a page starts after once more", (at) => inclusive(at)],
  [
    "a token, says that each page is the last, and ignores start-after",
    (at) => ({ ...rightly(keys, tokenOf(at)), isTruncated: false }),
  ],
  ["short pages that say nothing of what follows", (at) => without(rightly(keys, at, 99), ["token", "isTruncated"])],
])("a store that gives %s is listed whole, each key once", async (_, store) => {
  expect((await walk(store)).found).toEqual(keys);
});

test("a listing goes on where it is told to, and a folder marker may be the last key before", async () => {
  const withMarker = ["in/", ...keys];
  const store: Store = (position) => ({ ...rightly(withMarker, position, 1), token: undefined });
  expect((await walk(store)).found).toEqual(withMarker);
  expect((await walk(store, { startAfter: keys[2_497]! })).found).toEqual(keys.slice(2_498));
});

test("pages without a key are passed over while their tokens change", async () => {
  let empty = 0;
  const store: Store = (position) => {
    if (empty++ % 3 > 0)
      return { isTruncated: true, token: position.ContinuationToken ? `${position.ContinuationToken} ` : " 0" };
    return rightly(keys, position);
  };
  expect((await walk(store)).found).toEqual(keys);
});

test.each<[string, Store, RegExp]>([
  [
    "gives the first page for ever",
    (at) => ({ ...rightly(keys, {}), token: `${at.ContinuationToken}+` }),
    /page 2 has the keys of page 1 again/,
  ],
  [
    "gives one token for ever",
    (at) => ({ ...rightly(keys, at), token: "1000" }),
    /page 2 gives the continuation token that it was asked with/,
  ],
  [
    "gives two tokens in turn",
    (at) => ({ ...rightly(keys, at), token: at.ContinuationToken === "1000" ? "0" : "1000" }),
    /page 3 goes back to "in\/00000.jpg"/,
  ],
  [
    "gives empty pages with new tokens for ever",
    (at) => ({ isTruncated: true, token: `${at.ContinuationToken}+` }),
    /1001 pages in a row say that there is more and have no key/,
  ],
  [
    "gives empty pages without a token",
    () => ({ isTruncated: true }),
    /page 1 says that there is more, gives no continuation token, and has no further key/,
  ],
  [
    "gives no token and ignores start-after",
    () => ({ ...rightly(keys, {}), token: undefined }),
    /page 1 says that there is more and gives no continuation token, and asked to start after "in\/00999.jpg", the store answers from "in\/00000.jpg"/,
  ],
  [
    "gives its last page for ever",
    (at) => ({
      ...rightly(keys, at.ContinuationToken ? { ContinuationToken: "1000" } : {}),
      token: `${at.ContinuationToken}+`,
    }),
    /page 3 has the keys of page 2 again/,
  ],
  [
    "says that a page has keys that cannot be read",
    () => ({ keyCount: 7 }),
    /page 1 says that it has 7 keys, and has none/,
  ],
  [
    "gives other keys than those asked for",
    () => ({ objects: ["a/1.jpg", "in/1.jpg"].map(listed) }),
    /that begin with "in\/", the store answers "a\/1.jpg"/,
  ],
  [
    "gives folders that nobody asked for",
    () => ({ objects: [listed("in/1.jpg")], prefixes: ["in/a/"] }),
    /folders \(CommonPrefixes\)/,
  ],
])("a store that %s ends with an error that says so", async (_, store, reason) => {
  const said = await reasonOf(store);
  expect(said).toMatch(/^LISTING_FAULTY cannot list s3:\/\/b\/in\/: /);
  expect(said).toMatch(reason);
  expect(said).not.toMatch(/directory bucket/);
});

test("keys out of order on one page are those of a store without order", async () => {
  const store: Store = () => ({ objects: ["in/b", "in/a"].map(listed) });
  expect(await reasonOf(store)).toMatch(/^USAGE .*"in\/a" comes after "in\/b" on one page; .*directory buckets/);
});

test("a store that ignores start-after is found out when a listing begins behind a key", async () => {
  expect(await reasonOf(() => rightly(keys, {}), { startAfter: keys[1_500]! })).toMatch(
    /LISTING_FAULTY .*: asked to start after "in\/01500.jpg", the store answers from "in\/00000.jpg"/,
  );
});

test("names that are not UTF-8 are told once each, also where only start-after leads on", async () => {
  const names = ["in/a", "in/b%FF", "in/b%FFz", "in/c", "in/c%C3", "in/d"];
  const store: Store = (position) => ({ ...rightly(names, position, 3), token: undefined });
  expect((await walk(store)).found).toEqual(["in/a", undefined, undefined, "in/c", undefined, "in/d"]);
  const same: Store = (at) => ({ ...rightly(["in/b%FF"], {}), isTruncated: true, token: `${at.ContinuationToken}+` });
  expect(await reasonOf(same)).toMatch(/page 2 has the keys of page 1 again/);
});

test("a store that is right to say nothing, or gives a token with its last page, is asked no more than once for it", async () => {
  const few = keys.slice(0, 5);
  const silent = await walk((at) => without(rightly(few, at), ["token", "isTruncated"]));
  expect(silent).toEqual({ found: few, asked: [{}, { StartAfter: few[4] }] });
  const ignoring = await walk(() => without(rightly(few, {}), ["token", "isTruncated"]));
  expect(ignoring.found).toEqual(few);
  const always = await walk((at) => ({ ...rightly(few, tokenOf(at)), isTruncated: false, token: "5" }));
  expect(always.asked).toEqual([{}, { StartAfter: few[4] }, { ContinuationToken: "5" }]);
  expect(always.found).toEqual(few);
});

test("a key that is listed twice is named, and not taken for a lack of order", async () => {
  const twice: Store = () => ({ objects: ["in/a", "in/a"].map(listed) });
  expect(await reasonOf(twice)).toMatch(/^LISTING_FAULTY .*page 1 has "in\/a" twice/);
  const overlapping: Store = ({ ContinuationToken = "0" }) => {
    const from = Number(ContinuationToken);
    return { objects: keys.slice(from, from + 3).map(listed), isTruncated: true, token: `${from + 2}` };
  };
  expect(await reasonOf(overlapping)).toMatch(
    /^LISTING_FAULTY .*page 2 begins with "in\/00002.jpg", with which page 1 ended/,
  );
});

function tokenOf({ ContinuationToken }: PagePosition): PagePosition {
  return ContinuationToken === undefined ? {} : { ContinuationToken };
}

function without(page: Partial<StorePage>, names: (keyof StorePage)[]): Partial<StorePage> {
  return Object.fromEntries(Object.entries(page).filter(([name]) => !names.includes(name as keyof StorePage)));
}

function withoutToken(page: Partial<StorePage>, token: string): Partial<StorePage> {
  return page.token === token ? { ...page, token: undefined } : page;
}

function inclusive({ StartAfter }: PagePosition): Partial<StorePage> {
  const from = keys.findIndex((key) => key >= (StartAfter ?? ""));
  return { objects: keys.slice(from, from + 1_000).map(listed), isTruncated: from + 1_000 < keys.length };
}
