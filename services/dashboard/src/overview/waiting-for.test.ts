import { expect, test } from "vitest";
import { waitingFor } from "./waiting-for.js";

const beat = { batchesInHand: 2, isInputClosed: false, busy: { fetch: 0.2, decode: 0.95, infer: 0.6, write: 0 } };

test("a worker waits for its busiest stage once that is saturated", () => {
  expect(waitingFor(beat)).toBe("decode: the decode slots are 95 % busy");
  expect(waitingFor({ ...beat, busy: { fetch: 0, decode: 0.3, infer: 0.5, write: 0 } })).toMatch(
    /no stage.*infer, 50 %/,
  );
});

test("without batches or an input, the stages do not matter", () => {
  expect(waitingFor({ ...beat, batchesInHand: 0 })).toBe("batches");
  expect(waitingFor({ ...beat, batchesInHand: 0, isInputClosed: true })).toMatch(/input/);
});
