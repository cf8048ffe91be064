import { expect, test } from "vitest";
import { batchDone, batchTooLarge, capChanged, isSettled, type SizeSearch, startSearch } from "./size-search.js";

/** So many batches of the size in use, on a device with a launch cost; those above its memory do not fit. */
function work(
  search: SizeSearch,
  batches: number,
  { memoryImages = 1_000, launchMs = 10, imageMs = 1 } = {},
): SizeSearch {
  let state = search;
  for (let i = 0; i < batches; i++) {
    const images = state.size;
    state =
      images > memoryImages
        ? batchTooLarge(state, images)
        : batchDone(state, { images, busyMs: launchMs + imageMs * images });
  }
  return state;
}

test("the first size that is out of memory is halved, again and again", () => {
  let search = startSearch({ start: 64, cap: 256 });
  const sizes: number[] = [];
  while (search.size > 5) {
    search = batchTooLarge(search, search.size);
    sizes.push(search.size);
  }
  expect(sizes).toEqual([32, 16, 8, 4]);
  expect(batchTooLarge(startSearch({ start: 1, cap: 8 }), 1).size).toBe(1);
});

test("a second batch in flight that was too large as well halves nothing more", () => {
  const halved = batchTooLarge(startSearch({ start: 64, cap: 256 }), 64);
  expect(batchTooLarge(halved, 64).size).toBe(32);
});

test("what does not fit is not tried again, and the largest that fits is found", () => {
  const search = work(startSearch({ start: 16, cap: 256 }), 200, { memoryImages: 45 });
  expect(isSettled(search)).toBe(true);
  expect(search.size).toBe(45);
  const tried = [...search.rates.keys()];
  expect(Math.max(...tried)).toBe(45);
});

test("a size that was the best and does not fit any more is halved, and the search begins anew", () => {
  const settled = work(startSearch({ start: 16, cap: 64 }), 200);
  expect(settled.size).toBe(64);
  const halved = batchTooLarge(settled, 64);
  expect([halved.size, isSettled(halved)]).toEqual([32, false]);
  expect(work(halved, 200, { memoryImages: 40 }).size).toBe(40);
});

test("no size is above the cap, and the cap itself is tried", () => {
  const search = work(startSearch({ start: 16, cap: 50 }), 200);
  expect(search.size).toBe(50);
  const smaller = capChanged(search, 30);
  expect(smaller.size).toBeLessThanOrEqual(30);
  expect(work(smaller, 200).size).toBe(30);
  expect(work(capChanged(smaller, 80), 200).size).toBe(80);
  expect(startSearch({ start: 16, cap: 3 }).size).toBe(3);
});

test("what was remembered is used at once, and checked only later", () => {
  const search = startSearch({ start: 16, cap: 256, remembered: { size: 48, failedAt: 50 } });
  expect([search.size, isSettled(search)]).toEqual([48, true]);
  expect(work(search, 900).size).toBe(48);
  // The check finds that smaller is better now.
  const changed = work(search, 1_200, { launchMs: 0, imageMs: 1 });
  expect(changed.size).toBe(48);
  let worse = work(search, 1_000);
  for (let i = 0; i < 200; i++) {
    worse = batchDone(worse, { images: worse.size, busyMs: 10 + worse.size + 5 * Math.max(0, worse.size - 40) });
  }
  expect(worse.size).toBeLessThan(46);
});

test("a size for which there are never enough images is given up, and so are larger ones", () => {
  let search = work(startSearch({ start: 16, cap: 256 }), 4);
  expect(search.size).toBe(32);
  for (let i = 0; i < 16; i++) search = batchDone(search, { images: 20, busyMs: 30 });
  expect([search.size, search.isStarved]).toEqual([8, true]);
});
