import { expect, test } from "vitest";
import { imagePathsOf } from "./image-path.js";

test("an image lies where the input says", () => {
  expect(imagePathsOf("file:///data/photos", null)("a/b c.jpg")).toBe("/data/photos/a/b c.jpg");
  expect(imagePathsOf("s3://bucket/photos/", null)("photos/../a.jpg")).toBe("s3://bucket/photos/../a.jpg");
});

test("with a copy of the input it is the file below the copy", () => {
  expect(imagePathsOf("file:///data/photos", "/copy")("a/b.jpg")).toBe("/copy/a/b.jpg");
  expect(imagePathsOf("s3://bucket/photos/", "/copy")("photos/a/b.jpg")).toBe("/copy/a/b.jpg");
  expect(imagePathsOf("s3://bucket/photos/2024*", "/copy")("photos/2024-01/b.jpg")).toBe("/copy/2024-01/b.jpg");
});

test("no key leads out of the copy", () => {
  const pathOf = imagePathsOf("s3://bucket/photos/", "/copy");
  expect(pathOf("photos/../../etc/passwd.jpg")).toBe("s3://bucket/photos/../../etc/passwd.jpg");
  expect(pathOf("photos//e.jpg")).toBe("s3://bucket/photos//e.jpg");
});
