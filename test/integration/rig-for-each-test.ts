import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { findLeaks, type LeakSnapshot, takeSnapshot } from "../support/leaks.js";
import { ProducerRig } from "./producer-rig.js";

/** Gives each test of a file a rig, in a temporary folder of its own; one that leaves something behind fails. */
export function rigForEachTest(onStart: (rig: ProducerRig) => void): void {
  let rig: ProducerRig;
  let before: LeakSnapshot;
  beforeEach(async () => {
    // Suites beside this one are not taken for leaks then.
    vi.stubEnv("TMPDIR", await mkdtemp(join(tmpdir(), "producer-")));
    before = await takeSnapshot();
    rig = await ProducerRig.start();
    onStart(rig);
  });
  afterEach(async () => {
    await rig.stop();
    expect(await findLeaks(before)).toEqual([]);
    await rm(tmpdir(), { recursive: true });
    vi.unstubAllEnvs();
  });
}
