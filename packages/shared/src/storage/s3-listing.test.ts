import { expect, test } from "vitest";
import { hasEmptySize, isTruncatedIn, isWholePage, takeContents, withoutNamespace } from "./s3-listing.js";

const head = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>true</IsTruncated>`;
const tail = "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>";
const entry = (key: string, etag = "&quot;e&quot;") =>
  `<Contents><Key>${key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>${etag}</ETag><Size>7</Size>` +
  "<Owner><ID>me</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>";

test("the objects of a page are parted from the rest, which keeps everything else", () => {
  const page = takeContents(`${head}${entry("a%2Bb+c.jpg")}\n${entry("d&amp;&#38;&#x26;&lt;", '"e-2"')}${tail}`);
  const rest = { sizeBytes: 7, lastModifiedMs: Date.parse("2026-01-02T03:04:05Z") };
  expect(page!.objects).toEqual([
    { key: "a%2Bb+c.jpg", etag: "e", ...rest },
    { key: "d&&&<", etag: "e-2", ...rest },
  ]);
  expect(page!.rest).toBe(`${head}\n${tail}`);
  expect(takeContents(`${head}${tail}`)).toEqual({ objects: [], rest: `${head}${tail}` });
});

test("an entry may lack what only some stores tell", () => {
  const page = takeContents(`${head}<Contents><Size>0</Size><Key>a</Key></Contents>${tail}`);
  expect(page!.objects).toEqual([{ key: "a", etag: "", sizeBytes: 0, lastModifiedMs: null }]);
});

test.each([
  ["CDATA", entry("<![CDATA[a<Size>b]]>")],
  ["attributes", entry("a").replace("<Key>", '<Key encoding="url">')],
  ["attributes of the entry", entry("a").replace("<Contents>", '<Contents id="1">')],
  ["an empty element", entry("a").replace("<Key>a</Key>", "<Key/>")],
  ["a size that is no number", entry("a").replace("<Size>7", "<Size>many")],
  ["an entry without an end", entry("a").replace("</Contents>", "")],
])("a page with %s is left to the SDK", (_, contents) => {
  expect(takeContents(`${head}${contents}${tail}`)).toBeNull();
});

test.each([
  ["<IsTruncated>true</IsTruncated>", true],
  ["<IsTruncated> TRUE\n</IsTruncated>", true],
  ["<isTruncated>True</isTruncated>", true],
  ["<IsTruncated>1</IsTruncated>", true],
  ["<IsTruncated>False</IsTruncated>", false],
  ["<IsTruncated>0</IsTruncated>", false],
  ["<IsTruncated></IsTruncated>", undefined],
  ["<IsTruncated/>", undefined],
  ["<Name>b</Name>", undefined],
])("%j says whether more follows: %s", (xml, isTruncated) => {
  expect(isTruncatedIn(`<ListBucketResult>${xml}<Name>b</Name></ListBucketResult>`)).toBe(isTruncated);
});

test.each([
  [true, `${head}${entry("a")}${tail}\n`],
  [true, '<ListBucketResult xmlns="x"/>'],
  [true, "<ListBucketResult></ListBucketResult>"],
  [true, "<Error><Code>SlowDown</Code></Error>"],
  [false, `${head}${entry("a")}`],
  [false, ""],
  [false, "<html><body>Sign in to this network</body></html>"],
])("that an answer is a whole listing, or an error, is %s of %j", (isWhole, xml) => {
  expect(isWholePage(xml)).toBe(isWhole);
});

test("a listing whose elements have a namespace prefix is read like any other", () => {
  const plain = `${head}${entry("a:b")}${tail}`;
  expect(withoutNamespace(plain)).toBe(plain);
  expect(withoutNamespace(plain.replaceAll(/(<\/?)(?=\w)/g, "$1s3:"))).toBe(plain);
});

test("a size that is empty is seen, however it is written", () => {
  const sizes = ["<Size></Size>", "<Size> </Size>", "<Size/>", "<Size>0</Size>", "<Size>many</Size>"];
  expect(sizes.map(hasEmptySize)).toEqual([true, true, true, false, false]);
});
