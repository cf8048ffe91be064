import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { LabelfleetError } from "../errors.js";
import { formatUri, isInside, parseUri } from "./uri.js";

describe("parseUri", () => {
  it.each([
    ["s3://photos", { kind: "s3", bucket: "photos", prefix: "" }],
    ["s3://photos/", { kind: "s3", bucket: "photos", prefix: "" }],
    ["s3://photos/2024", { kind: "s3", bucket: "photos", prefix: "2024/" }],
    ["s3://photos/2024/", { kind: "s3", bucket: "photos", prefix: "2024/" }],
    ["s3://photos/2024/img*", { kind: "s3", bucket: "photos", prefix: "2024/img" }],
    ["s3://photos/*", { kind: "s3", bucket: "photos", prefix: "" }],
    ["s3://photos/a b/%20/ü", { kind: "s3", bucket: "photos", prefix: "a b/%20/ü/" }],
    ["file:///data/my%20photos", { kind: "file", dir: "/data/my photos" }],
    ["file:///data/photos/", { kind: "file", dir: "/data/photos" }],
    ["/data/photos/", { kind: "file", dir: "/data/photos" }],
    ["/data/photos*/", { kind: "file", dir: "/data/photos*" }],
    ["./photos", { kind: "file", dir: resolve("photos") }],
  ])("reads %s", (text, expected) => {
    const uri = parseUri(text);
    expect(uri).toEqual(expected);
    expect(parseUri(formatUri(uri))).toEqual(uri);
  });

  it.each([
    "",
    "  ",
    "s3://",
    "s3:///x",
    "s3://a b/c",
    "s3://pre*",
    "gs://photos",
    "file://host/x",
    "photos/*",
    "a\0b",
  ])("refuses %j with one line", (text) => {
    const error = (() => {
      try {
        return parseUri(text);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(LabelfleetError);
    expect((error as LabelfleetError).code).toBe("USAGE");
    expect((error as LabelfleetError).message).not.toContain("\n");
  });
});

describe("isInside", () => {
  it.each([
    ["s3://b/photos/labels", "s3://b/photos", true],
    ["s3://b/photos", "s3://b/photos", true],
    ["s3://b/labels", "s3://b", true],
    ["s3://b/photos-labels", "s3://b/photos", false],
    ["s3://b/photos-labels", "s3://b/photos*", true],
    ["s3://b/labels", "s3://b/photos", false],
    ["s3://other/photos", "s3://b/photos", false],
    ["/data/photos/labels", "/data/photos", true],
    ["/data/photos", "/data/photos", true],
    ["/data/photos-labels", "/data/photos", false],
    ["/data/photos/..labels", "/data/photos", true],
    ["/data", "/data/photos", false],
    ["s3://b/x", "/data/photos", false],
  ])("%s in %s: %s", (output, input, expected) => {
    expect(isInside(parseUri(output), parseUri(input))).toBe(expected);
  });

  it("sees through a symbolic link, also when the output does not exist yet", () => {
    const dir = mkdtempSync(join(tmpdir(), "lf-uri-"));
    try {
      symlinkSync(dir, `${dir}-link`);
      expect(isInside(parseUri(`${dir}-link/new/labels`), parseUri(dir))).toBe(true);
    } finally {
      rmSync(`${dir}-link`, { force: true });
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
