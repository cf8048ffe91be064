import { LabelfleetError } from "@labelfleet/shared/errors";
import { expect, test } from "vitest";
import { InputGate } from "./input-gate.js";

const denied = new LabelfleetError("OBJECT_DENIED", "reading this object is not allowed");
const slow = new LabelfleetError("STORE_THROTTLED", "the store asks for fewer requests");
const policy = { weatherInARow: 3, firstProbeMs: 1_000, maxProbeMs: 30_000, maxPauseMs: 100_000 };
const running = [new AbortController().signal];

/** A gate before a store that refuses everything until `healthyAtMs`, on a simulated clock. */
function simulated(healthyAtMs: number) {
  let nowMs = 0;
  let probes = 0;
  const said: string[] = [];
  const gate = new InputGate({
    policy,
    probe: async () => {
      probes += 1;
      return nowMs >= healthyAtMs ? null : denied;
    },
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
      // Lets those that wait look around, as a real sleep does.
      await new Promise((resolve) => setImmediate(resolve));
    },
    say: (line) => said.push(line),
  });
  return { gate, said, probes: () => probes, nowMs: () => nowMs };
}

test("one object that is refused by a healthy store is that object's failure", async () => {
  const { gate, said, probes } = simulated(0);
  const since = await gate.pass(running);
  expect(await gate.isOutage(denied, since)).toBe(false);
  expect([gate.isOpen, probes(), said]).toEqual([true, 1, []]);
});

test("objects that take too long at a store that serves others are their own failures, however many there are", async () => {
  const { gate, said } = simulated(0);
  const tooSlow = new LabelfleetError("OBJECT_TOO_SLOW", "read too slowly");
  const since = await gate.pass(running);
  expect(await Promise.all(Array.from({ length: 10 }, () => gate.isOutage(tooSlow, since)))).toEqual(
    Array(10).fill(false),
  );
  expect([gate.isOpen, said]).toEqual([true, []]);
});

test("a store that refuses everything holds all images, and says so once, and once that it goes on", async () => {
  const { gate, said, nowMs } = simulated(10_000);
  const since = await gate.pass(running);
  const verdicts = await Promise.all([denied, denied, slow].map((error) => gate.isOutage(error, since)));
  expect(verdicts).toEqual([true, true, true]);
  expect(gate.isOpen).toBe(false);
  const again = await gate.pass(running);
  expect(gate.isOpen).toBe(true);
  expect(nowMs()).toBeGreaterThanOrEqual(10_000);
  expect(said).toHaveLength(2);
  expect(said[0]).toMatch(/cannot be read \(OBJECT_DENIED\): paused/);
  expect(said[1]).toMatch(/can be read again after 1\d s: resuming/);
  // What failed during the pause and is told only now was the store's trouble, too.
  expect(await gate.isOutage(denied, since)).toBe(true);
  expect(await gate.isOutage(denied, again)).toBe(false);
});

test("a few storms are weather, several in a row are an outage", async () => {
  const { gate } = simulated(5_000);
  const since = await gate.pass(running);
  expect(await gate.isOutage(slow, since)).toBe(false);
  gate.readOk();
  expect(await gate.isOutage(slow, since)).toBe(false);
  expect(await gate.isOutage(slow, since)).toBe(false);
  expect(await gate.isOutage(slow, since)).toBe(true);
});

test("a bad image tells nothing about the store", async () => {
  const { gate, probes } = simulated(Number.POSITIVE_INFINITY);
  expect(await gate.isOutage(new LabelfleetError("IMAGE_CORRUPT", "cut"), 0)).toBe(false);
  expect(probes()).toBe(0);
});

test("after the longest pause images fail, and nobody waits any more", async () => {
  const { gate, said, nowMs } = simulated(Number.POSITIVE_INFINITY);
  expect(await gate.isOutage(denied, await gate.pass(running))).toBe(true);
  const since = await gate.pass(running);
  expect(nowMs()).toBe(policy.maxPauseMs);
  expect(await gate.isOutage(denied, since)).toBe(false);
  expect(said.at(-1)).toMatch(/giving up waiting/);
});

test("a worker that stops waits no longer", async () => {
  const gate = new InputGate({
    policy,
    probe: async () => denied,
    nowMs: () => 0,
    sleep: (_, signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
    say: () => {},
  });
  const stopping = new AbortController();
  expect(await gate.isOutage(denied, await gate.pass([stopping.signal]))).toBe(true);
  const waiting = gate.pass([stopping.signal]);
  stopping.abort();
  await waiting;
  expect(gate.isOpen).toBe(false);
  gate.close();
});

test("a gate that is closed keeps nobody who still doubts", async () => {
  const { gate } = simulated(Number.POSITIVE_INFINITY);
  const since = await gate.pass(running);
  gate.close();
  expect(await gate.isOutage(denied, since)).toBe(false);
  expect(await gate.isOutage(denied, since)).toBe(false);
});

test("who doubts in the moment of a decision gets one too", async () => {
  let probes = 0;
  let decide = (_: null) => {};
  const deciding = new Promise<null>((resolve) => {
    decide = resolve;
  });
  const gate = new InputGate({
    policy,
    probe: () => {
      probes += 1;
      return probes === 1 ? deciding : Promise.resolve(null);
    },
    nowMs: () => 0,
    sleep: async () => {},
    say: () => {},
  });
  const first = gate.isOutage(denied, await gate.pass(running));
  await new Promise((resolve) => setImmediate(resolve));
  // Called right behind the gate's own look at the answer.
  const second = deciding.then(() => gate.isOutage(denied, 0));
  decide(null);
  expect([await first, await second, probes]).toEqual([false, false, 2]);
});
