import { expect, test } from "vitest";
import { pngSize } from "./png-size.js";
import { sharp } from "./sharp-setup.js";

test("tells the size of a PNG, and nothing of what only begins like one", async () => {
  const png = await sharp({ create: { width: 70_000, height: 3, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  expect(pngSize(png)).toEqual({ widthPx: 70_000, heightPx: 3 });
  expect(pngSize(png.subarray(0, 23))).toBeNull();
  const other = Buffer.from(png);
  other.write("IDAT", 12);
  expect(pngSize(other)).toBeNull();
});
