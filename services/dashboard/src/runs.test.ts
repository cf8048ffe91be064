import { expect, test } from "vitest";
import { viewOf } from "./runs.js";

const run = {
  runId: "20260102t030405z-abcdef",
  lane: "default",
  run: "file:///out/x",
  modelIds: ["a", "b"],
  createdMs: 0,
};
const note = {
  state: "feeding" as const,
  run: run.run,
  producerId: "p",
  listedImages: 100,
  listingComplete: true,
  seenMs: 50_000,
};

test("with several models the slowest says what is done and the unluckiest what failed", () => {
  const totals = [
    { ok: 60, failed: 2, batches: 7 },
    { ok: 49, failed: 1, batches: 5 },
  ];
  expect(viewOf(run, totals, note, 51_000)).toMatchObject({
    images: 100,
    done: 50,
    ok: 48,
    failed: 2,
    state: "feeding",
  });
});

test("a run that was paused or cancelled says so instead of what its producer said last, unless it was done before", () => {
  const totals = [{ ok: 1, failed: 0, batches: 1 }];
  const stopped = { ...note, state: "stopped" as const };
  expect(viewOf(run, totals, stopped, 51_000).state).toBe("stopped");
  expect(viewOf(run, totals, stopped, 51_000, "paused").state).toBe("paused");
  expect(viewOf(run, totals, null, 51_000, "cancelled").state).toBe("cancelled");
  expect(viewOf(run, totals, { ...note, state: "done" }, 51_000, "cancelled").state).toBe("done");
});

test("a producer that fell silent is called out, unless the run is over", () => {
  const totals = [{ ok: 1, failed: 0, batches: 1 }];
  expect(viewOf(run, totals, note, 90_000).state).toBe("no producer");
  expect(viewOf(run, totals, { ...note, state: "done" }, 90_000).state).toBe("done");
  expect(viewOf(run, totals, null, 90_000)).toMatchObject({ state: "no producer", images: 0, listingComplete: false });
});
