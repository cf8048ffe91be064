import { expect, test } from "vitest";
import { etaOf, isUnattended, standOf } from "./run-line.js";

const run = {
  runId: "20260102t030405z-abcdef",
  lane: "default",
  run: "file:///out/x/",
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
const totals = [
  { ok: 60, failed: 2, batches: 7 },
  { ok: 49, failed: 1, batches: 5 },
];
const facts = { totals, note, halt: null };

test("with several models the slowest says what is done and the unluckiest what failed", () => {
  expect(standOf(run, facts, null, 51_000)).toMatchObject({
    images: 100,
    done: 50,
    ok: 48,
    failed: 2,
    state: "feeding",
  });
});

test("a producer that fell silent is called out, with the command that goes on", () => {
  expect(standOf(run, facts, null, 90_000)).toMatchObject({
    state: "idle",
    resumeCommand: "npx labelfleet resume file:///out/x/",
  });
  expect(isUnattended(note, 90_000)).toBe(true);
  expect(isUnattended(note, 51_000)).toBe(false);
  const done = { ...facts, note: { ...note, state: "done" as const } };
  expect(standOf(run, done, null, 90_000)).toMatchObject({ state: "done", resumeCommand: null });
});

test("a pause and a cancellation are told from a lost producer", () => {
  const stopped = { ...facts, note: { ...note, state: "stopped" as const } };
  expect(standOf(run, stopped, null, 51_000).state).toBe("stopped");
  expect(standOf(run, { ...stopped, halt: "paused" }, null, 51_000).state).toBe("paused");
  expect(standOf(run, stopped, { finished: null, isCancelled: true }, 51_000)).toMatchObject({
    state: "cancelled",
    resumeCommand: null,
  });
});

test("a finished run is known by its folder when Redis has forgotten it", () => {
  const forgotten = { totals: [{ ok: 0, failed: 0, batches: 0 }], note: null, halt: null };
  const finished = { images: 10, ok: 9, failed: 1 };
  expect(standOf(run, forgotten, { finished, isCancelled: false }, 0)).toMatchObject({
    state: "done",
    done: 10,
    ok: 9,
  });
  expect(standOf(run, forgotten, null, 0)).toMatchObject({ state: "idle", images: 0, listingComplete: false });
});

test("an address with a quote in it stays one word of the shell", () => {
  const hostile = { ...run, run: "file:///out/it's; rm -rf ~/" };
  expect(standOf(hostile, facts, null, 90_000).resumeCommand).toBe(
    `npx labelfleet resume 'file:///out/it'\\''s; rm -rf ~/'`,
  );
});

test("time left is known only while work goes on", () => {
  const stand = standOf(run, facts, null, 51_000);
  expect(etaOf(stand, 5)).toBe(10);
  expect(etaOf(stand, 0)).toBeNull();
  expect(etaOf(stand, null)).toBeNull();
  expect(etaOf({ ...stand, state: "done" }, 5)).toBeNull();
});
