import type { BatchDelivery } from "@labelfleet/shared/queue/batch-consumer";
import { HandBack } from "@labelfleet/shared/queue/batch-consumer";
import { expect, test } from "vitest";
import { Stopping } from "./stopping.js";

function delivery(lockLost = false): BatchDelivery {
  const signal = lockLost ? AbortSignal.abort() : new AbortController().signal;
  const job = { batchId: "r000-000000-0000" } as BatchDelivery["job"];
  return { job, isLastAttempt: false, stalls: 0, waitedSeconds: 0, lockLost: signal };
}

test("while draining, begun batches go on and others are handed back", () => {
  const stopping = new Stopping();
  const begun = delivery();
  stopping.checkpoint(begun);
  stopping.drain();
  expect(() => stopping.checkpoint(begun)).not.toThrow();
  expect(() => stopping.checkpoint(delivery())).toThrow(HandBack);
});

test("after the grace time every batch is handed back", () => {
  const stopping = new Stopping();
  const begun = delivery();
  stopping.checkpoint(begun);
  stopping.drain();
  stopping.giveUp();
  expect(() => stopping.checkpoint(begun)).toThrow(HandBack);
});

test("a batch whose lock is lost is given up, not handed back", () => {
  expect(() => new Stopping().checkpoint(delivery(true))).toThrow(/lock was lost/);
});
