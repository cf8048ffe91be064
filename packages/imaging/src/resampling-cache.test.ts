import { expect, test } from "vitest";
import { resamplingFor } from "./resampling-cache.js";

const size = { widthPx: 500, heightPx: 375 };
const spec = { inputPx: 224, resizeShortSidePx: 256, interpolation: "bicubic", squash: false } as const;

test("images of one size share a resampling, and whatever makes it another one tells them apart", () => {
  expect(resamplingFor({ ...size }, { ...spec })).toBe(resamplingFor(size, spec));
  const others = [
    resamplingFor({ ...size, widthPx: 501 }, spec),
    resamplingFor({ ...size, heightPx: 376 }, spec),
    resamplingFor(size, { ...spec, inputPx: 223 }),
    resamplingFor(size, { ...spec, resizeShortSidePx: 257 }),
    resamplingFor(size, { ...spec, interpolation: "bilinear" }),
    resamplingFor(size, { ...spec, squash: true }),
    resamplingFor(size, spec, 2),
  ];
  expect(new Set([resamplingFor(size, spec), ...others]).size).toBe(8);
});

test("the one that was not used for longest is given up", () => {
  const first = resamplingFor(size, spec);
  const second = resamplingFor({ ...size, widthPx: 600 }, spec);
  for (let widthPx = 601; widthPx < 663; widthPx++) resamplingFor({ ...size, widthPx }, spec);
  expect(resamplingFor(size, spec)).toBe(first);
  resamplingFor({ ...size, widthPx: 700 }, spec);
  expect(resamplingFor(size, spec)).toBe(first);
  expect(resamplingFor({ ...size, widthPx: 600 }, spec)).not.toBe(second);
});

test("that of a very long image is made anew each time", () => {
  const long = { widthPx: 60_000, heightPx: 66 };
  const squash = { ...spec, squash: true };
  expect(resamplingFor(long, squash)).toEqual(resamplingFor(long, squash));
  expect(resamplingFor(long, squash)).not.toBe(resamplingFor(long, squash));
});
