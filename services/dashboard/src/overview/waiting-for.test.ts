import { expect, test } from "vitest";
import { waitingFor } from "./waiting-for.js";

const beat = {
  batchesInHand: 2,
  inputPauses: [],
  slowReads: [],
  busy: { fetch: 0.2, decode: 0.95, infer: 0.6, write: 0 },
};

test("a worker waits for its busiest stage once that is saturated", () => {
  expect(waitingFor(beat)).toBe("decode (95 %)");
  expect(waitingFor({ ...beat, busy: { fetch: 0, decode: 0.3, infer: 0.5, write: 0 } })).toBe(
    "none (busiest: inference, 50 %)",
  );
});

test("a worker that is busy with nothing waits for the object that it reads for longest", () => {
  const slowReads = [{ runId: "r", key: "slow.jpg", forMs: 36_200, receivedBytes: 1, sizeBytes: null }];
  const idle = { fetch: 0.1, decode: 0, infer: 0, write: 0 };
  expect(waitingFor({ ...beat, slowReads, busy: idle })).toBe("object slow.jpg (read for 36 s)");
  expect(waitingFor({ ...beat, slowReads })).toBe("decode (95 %)");
});

test("without batches or an input, the stages do not matter", () => {
  expect(waitingFor({ ...beat, batchesInHand: 0 })).toBe("waiting for batches");
  const pause = { runId: "r", input: "s3://photos/in", code: "ACCESS_DENIED", sinceMs: 0 };
  expect(waitingFor({ ...beat, inputPauses: [pause] })).toBe("input s3://photos/in cannot be read (ACCESS_DENIED)");
});
